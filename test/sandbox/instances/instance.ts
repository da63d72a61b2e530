// One EC2 instance of a sandbox: a container in a namespace that the VPC's fabric knows, and the metadata service beside it.
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { clean } from "../environment.ts";
import { removeTree } from "../fresh-folder.ts";
import { execIn, ip } from "../links.ts";
import { Container } from "../machine/container.ts";
import type { CommandOptions, CommandResult } from "../machine/machine.ts";
import { runningDaemon } from "../process.ts";
import { eniDevice, instanceNamespace, type VpcAddresses, vpcAddressesOf } from "../vpc/addresses.ts";
import { attachInstance, fabricPort } from "../vpc/attach.ts";
import { type CloudInstance, type CloudInterface, readCloud } from "../vpc/cloud.ts";
import { hostName } from "./metadata-tree.ts";
import { createInstanceTree, type InstanceParts } from "./tree.ts";

/** Name of the instance among the sandbox's daemons: `logs instance-ID` shows its console. */
export const daemonOf = (id: string) => `instance-${id}`;
/** Name of the daemon that boots and ends instances. */
export const instanceRunner = "instances";
/** Name of the metadata service among them. */
export const metadataService = "metadata";

/** Ids of the instances that have files here. */
export async function instanceIds(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, "instances")).catch(() => []);
  return names.filter((name) => /^i-[0-9a-f]+$/.test(name));
}

/** One instance, whether it runs or not. */
export class Instance {
  readonly id: string;
  readonly #folder: string;
  readonly #slot: number;
  readonly #vpc: VpcAddresses;
  readonly #home: string;

  constructor(folder: string, slot: number, id: string) {
    this.id = id;
    this.#folder = folder;
    this.#slot = slot;
    this.#vpc = vpcAddressesOf(slot);
    this.#home = join(folder, "instances", id);
  }

  /** Its network namespace. */
  get namespace(): string {
    return instanceNamespace(this.#slot, this.id);
  }

  /** Where the host sees its files. */
  get tree(): string {
    return join(this.#home, "tree");
  }

  /** Whether a test holds it off: it is no shutdown of its own, and it does not come back by itself. */
  get isHeld(): boolean {
    return existsSync(join(this.#home, "held"));
  }

  /** Runs a command in it as root. @throws Error with its output when it fails, unless it may */
  async run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#container("").run(command, options);
  }

  /** Whether it runs; one that reboots does. */
  async isRunning(): Promise<boolean> {
    if ((await runningDaemon(this.#folder, daemonOf(this.id))) !== undefined) return true;
    return (await this.#container("").init()) !== undefined;
  }

  /** Waits until cloud-init has run the user data. @throws Error with its output when that failed */
  async untilProvisioned(timeoutMs = 120_000): Promise<void> {
    const { stdout } = await this.run(["cloud-init", "status", "--wait", "--long"], { timeoutMs, mayFail: true });
    if (/^status: done$/m.test(stdout)) return;
    const { stdout: output } = await this.run(["tail", "--lines=30", "/var/log/cloud-init-output.log"]);
    throw new Error(`user data of ${this.id} failed: ${stdout}\n${output}`);
  }

  /** Takes it away at once, as a failure of its host does: AWS goes on to say that it runs. */
  async kill(): Promise<void> {
    await writeFile(join(this.#home, "held"), "");
    await this.#container("").cutPower();
    await this.#forget();
  }

  /** Boots it after {@link kill} or {@link stop}, with the same addresses. */
  async start(): Promise<void> {
    await this.boot();
    await rm(join(this.#home, "held"), { force: true });
  }

  /** Shuts it down in order; AWS goes on to say that it runs. */
  async stop(): Promise<void> {
    await writeFile(join(this.#home, "held"), "");
    await this.#container("").powerOff();
    await this.#forget();
  }

  /** Takes it away at once and boots it again. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Cuts it off from the VPC and the internet, or mends that: the fabric loses its packets, and its link stays up. */
  async cut(state: "cut" | "mended" = "cut"): Promise<void> {
    const { fabricNamespace } = this.#vpc;
    const { interfaces } = await this.#describe();
    for (const rule of interfaces.flatMap(({ id }) => lossOf(fabricPort(id)))) {
      await execIn(fabricNamespace, ["iptables", "--delete", ...rule]).catch(() => undefined); // it is not cut off
      if (state === "cut") await execIn(fabricNamespace, ["iptables", "--insert", ...rule]);
    }
  }

  /** Makes its files and its network unless they are there, and begins to boot it. */
  async launch(parts: InstanceParts): Promise<void> {
    await mkdir(this.#home, { recursive: true });
    const { instance, interfaces } = await this.#describe();
    const address = interfaces[0]?.address ?? "";
    await this.#connect();
    if (!existsSync(this.tree)) await createInstanceTree(this.tree, parts, instance, hostOf(address));
    await this.#container(address).start();
  }

  /** Boots it on the files that it has. */
  async boot(): Promise<void> {
    const { interfaces } = await this.#describe();
    await this.#connect();
    await this.#container(interfaces[0]?.address ?? "").boot();
  }

  /** Shuts it down, at once where it does not matter; its files stay. */
  async end(how: "in order" | "at once"): Promise<void> {
    const container = this.#container("");
    await (how === "in order" ? container.powerOff() : container.cutPower());
  }

  /** Ends it and removes all of it. */
  async remove(): Promise<void> {
    await this.end("at once");
    await this.#disconnect();
    await removeTree(this.#home);
  }

  /** Its namespace outlives it, and what a kernel that ends takes with it does not: connections that it knew, and its rules. */
  async #forget(): Promise<void> {
    const empty = ["raw", "mangle", "nat", "filter"].map((table) => `*${table}\nCOMMIT\n`).join("");
    await execIn(this.namespace, ["iptables-restore"], empty);
    await execIn(this.namespace, ["conntrack", "--flush"]);
  }

  async #connect(): Promise<void> {
    const { interfaces, subnets } = await this.#describe();
    const plugged = interfaces.map(({ id, address, subnet }) => ({
      id,
      address,
      subnetCidr: subnets.get(subnet) ?? "",
    }));
    await attachInstance(this.#vpc, this.namespace, plugged);
    for (const [index, { mac }] of interfaces.entries())
      await ip(["-n", this.namespace, "link", "set", eniDevice(index), "address", mac]);
  }

  async #disconnect(): Promise<void> {
    const { stdout } = await execa("ip", ["-n", this.namespace, "-json", "link"], { ...clean(), reject: false });
    const devices: { ifname: string }[] = JSON.parse(stdout || "[]");
    for (const { ifname } of devices.filter(({ ifname }) => ifname.startsWith("ens")))
      await ip(["-n", this.namespace, "link", "delete", ifname]);
    await execa("ip", ["netns", "delete", this.namespace], { ...clean(), reject: false });
    await rm(join("/etc/netns", this.namespace), { recursive: true, force: true });
  }

  #container(address: string): Container {
    return new Container({
      folder: this.#folder,
      daemon: daemonOf(this.id),
      name: `eks-satellite-${this.#slot}-${this.id}`,
      hostname: hostOf(address),
      tree: this.tree,
      namespace: this.namespace,
    });
  }

  async #describe(): Promise<{
    readonly instance: CloudInstance;
    readonly interfaces: readonly CloudInterface[];
    readonly subnets: ReadonlyMap<string, string>;
  }> {
    const cloud = await readCloud(this.#folder);
    const instance = cloud.instances.find(({ id }) => id === this.id);
    if (instance === undefined) throw new Error(`AWS has no instance ${this.id}`);
    const interfaces = instance.interfaces.flatMap((eni) => cloud.interfaces.find(({ id }) => id === eni) ?? []);
    return { instance, interfaces, subnets: new Map(cloud.subnets.map(({ id, cidr }) => [id, cidr])) };
  }
}

/** `ip-10-0-1-4`: the name without its domain. */
function hostOf(address: string): string {
  return hostName(address).split(".")[0] ?? "";
}

/** In tables that the fabric does not replace. */
function lossOf(port: string): readonly (readonly string[])[] {
  return [
    ["PREROUTING", "--table", "raw", "--in-interface", port, "--jump", "DROP"],
    ["POSTROUTING", "--table", "mangle", "--out-interface", port, "--jump", "DROP"],
  ];
}
