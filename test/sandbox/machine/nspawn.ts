// A machine without a kernel of its own: systemd-nspawn boots its tree under real systemd in its own network namespace.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Addresses } from "../addresses.ts";
import { machineTree } from "../machine-tree.ts";
import { addressContainer } from "../network.ts";
import { isMissing, nodeName } from "../state.ts";
import { Container } from "./container.ts";
import type { CommandOptions, CommandResult, Machine, MachinePlace } from "./machine.ts";

/** A container of systemd-nspawn; its files are a folder of the host. */
export class NspawnMachine implements Machine {
  readonly #folder: string;
  readonly #addresses: Addresses;
  readonly #container: Container;

  constructor({ folder, addresses }: MachinePlace) {
    this.#folder = folder;
    this.#addresses = addresses;
    this.#container = new Container({
      folder,
      daemon: "machine",
      name: `eks-satellite-${addresses.slot}`,
      hostname: nodeName,
      tree: machineTree(folder),
      namespace: addresses.machineNamespace,
    });
  }

  connect(): Promise<void> {
    return addressContainer(this.#addresses);
  }

  boot(): Promise<void> {
    return this.#container.boot();
  }

  powerOff(): Promise<void> {
    return this.#container.powerOff();
  }

  cutPower(): Promise<void> {
    return this.#container.cutPower();
  }

  run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#container.run(command, options);
  }

  async describe(): Promise<string | undefined> {
    const init = await this.#container.init();
    return init && `runs at ${this.#addresses.node}, its init is pid ${init.pid}`;
  }

  async digest(path: string): Promise<string | undefined> {
    const content = await this.read(path);
    return content && createHash("sha256").update(content).digest("hex");
  }

  async read(path: string): Promise<Buffer | undefined> {
    return readFile(this.#onHost(path)).catch(unlessMissing(undefined));
  }

  async list(path: string): Promise<readonly string[]> {
    return readdir(this.#onHost(path)).catch(unlessMissing([]));
  }

  async write(path: string, content: Buffer | string, mode = 0o644): Promise<void> {
    const target = this.#onHost(path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.new`, content, { mode });
    await rename(`${target}.new`, target);
  }

  async remove(...paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(this.#onHost(path), { recursive: true, force: true });
  }

  #onHost(path: string): string {
    return join(machineTree(this.#folder), path);
  }
}

function unlessMissing<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return otherwise;
    throw error;
  };
}
