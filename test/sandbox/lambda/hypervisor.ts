// What a rented machine is: the sandbox's own container, made at the launch from what a provider hands out, gone at its end.
import { removeTree, replaceFolder } from "../fresh-folder.ts";
import { importImages } from "../images.ts";
import { Container } from "../machine/container.ts";
import { machineTree } from "../machine-tree.ts";
import type { Sandbox } from "../sandbox.ts";
import { waitFor } from "../wait.ts";
import type { LambdaAccount, LambdaMachine } from "./account.ts";
import { applyFilter, forgetConnections } from "./filter.ts";
import { fillRentedTree } from "./tree.ts";

/** The addresses of a machine that runs. */
export interface MachineAddresses {
  readonly address: string;
  readonly privateAddress: string;
}

/** What boots and ends machines. */
export interface Hypervisor {
  isRunning(machine: LambdaMachine): Promise<boolean>;
  /** Makes the machine's files, and begins to boot it. */
  launch(account: LambdaAccount, machine: LambdaMachine): Promise<MachineAddresses>;
  /** Shuts it down in order, and begins to boot it. */
  restart(machine: LambdaMachine): Promise<void>;
  /** Ends it, and removes its files. */
  remove(machine: LambdaMachine): Promise<void>;
  /** Lets in what the account says, and nothing else. */
  filter(account: LambdaAccount): Promise<void>;
}

/** The hypervisor of a sandbox, which has room for one machine. */
export class SandboxHypervisor implements Hypervisor {
  readonly #sandbox: Sandbox;
  readonly #log: (line: string) => void;

  constructor(sandbox: Sandbox, log: (line: string) => void) {
    this.#sandbox = sandbox;
    this.#log = log;
  }

  async isRunning(machine: LambdaMachine): Promise<boolean> {
    return (await this.#container(machine).init()) !== undefined;
  }

  async launch(account: LambdaAccount, machine: LambdaMachine): Promise<MachineAddresses> {
    const publicKey = account.sshKeys.find(({ name }) => name === machine.sshKey)?.public_key ?? "";
    // Left half-made by a run that was ended.
    await this.#container(machine).cutPower();
    await replaceFolder(machineTree(this.#sandbox.folder), (fresh) =>
      fillRentedTree(fresh, this.#sandbox, machine, publicKey),
    );
    await this.#container(machine).start();
    this.#bringImages();
    return { address: await this.#sandbox.nat.publicAddress(), privateAddress: this.#sandbox.addresses.node };
  }

  async restart(machine: LambdaMachine): Promise<void> {
    await this.#container(machine).powerOff();
    await this.#container(machine).start();
  }

  async remove(machine: LambdaMachine): Promise<void> {
    await this.#container(machine).cutPower();
    await removeTree(machineTree(this.#sandbox.folder));
    await forgetConnections(this.#sandbox.addresses);
  }

  filter(account: LambdaAccount): Promise<void> {
    return applyFilter(this.#sandbox.addresses, account);
  }

  /** No registry is reachable: an image of this Lambda has what a node runs first. */
  #bringImages(): void {
    const { machine } = this.#sandbox;
    const wait = { what: "images in the rented machine", deadlineMs: 90_000, intervalMs: 1000 };
    waitFor(wait, async () => {
      await importImages(machine);
      return true;
    }).catch((error: unknown) => this.#log(`${wait.what}: ${error}`));
  }

  #container({ hostname }: LambdaMachine): Container {
    const { folder, addresses } = this.#sandbox;
    return new Container({
      folder,
      daemon: "machine",
      name: `eks-satellite-${addresses.slot}`,
      hostname,
      tree: machineTree(folder),
      namespace: addresses.machineNamespace,
    });
  }
}
