// One sandbox that is up: what the end-to-end tests and the bench drive, and what the command line is thin over.
import { join } from "node:path";
import { execa } from "execa";
import { type Addresses, addressesOf } from "./addresses.ts";
import { type NodeObject, waitForNode } from "./api.ts";
import { mintToken } from "./authentication.ts";
import { type AwsFaults, changeFaults, clearFaults, readFaults } from "./aws.ts";
import { clean } from "./environment.ts";
import type { HandKubelet } from "./hand-kubelet.ts";
import { Instance } from "./instances/instance.ts";
import { kubeconfigPath, runKubectl } from "./kubectl.ts";
import { machineOf } from "./machine/kinds.ts";
import type { CommandOptions, CommandResult, Machine } from "./machine/machine.ts";
import { type Reach, setApiReachability, setAwsReachability, setMachineLink } from "./network.ts";
import { type Programs, programsOf } from "./programs.ts";
import { nodeName, readFacts, type SandboxFacts, sandboxFolder } from "./state.ts";
import type { VpcAddresses } from "./vpc/addresses.ts";
import { readCloud } from "./vpc/cloud.ts";
import { Nat } from "./vpc/nat.ts";
import { Vpc } from "./vpc/vpc.ts";

/** How AWS is away: connections refused, requests answered 503, or connections without an answer. */
export type Outage = "refuse" | "503" | "hang";

/**
 * The sandbox in `folder`, by default the one that the command line has.
 * @throws Error when there is none.
 */
export async function openSandbox(folder = sandboxFolder()): Promise<Sandbox> {
  const facts = await readFacts(folder);
  if (!facts) throw new Error(`there is no sandbox in ${folder}: make one with scripts/sandbox up`);
  return new Sandbox(folder, facts);
}

/** One sandbox; `up` made it. */
export class Sandbox {
  readonly folder: string;
  readonly facts: SandboxFacts;
  readonly addresses: Addresses;
  readonly programs: Programs;
  /** What becomes the node, of whatever kind. */
  readonly machine: Machine;
  readonly nodeName = nodeName;

  constructor(folder: string, facts: SandboxFacts) {
    this.folder = folder;
    this.facts = facts;
    this.addresses = addressesOf(facts.slot, facts.network);
    this.programs = programsOf(facts);
    this.machine = machineOf(folder, facts);
  }

  /** The NAT in front of the machine. @throws Error in a sandbox without a VPC */
  get nat(): Nat {
    return new Nat(this.addresses, this.#vpcAddresses, this.machine);
  }

  /** The VPC that the control plane is in. @throws Error in a sandbox without one */
  get vpc(): Vpc {
    return new Vpc(this.folder, this.#vpcAddresses);
  }

  get #vpcAddresses(): VpcAddresses {
    if (this.addresses.vpc !== undefined) return this.addresses.vpc;
    throw new Error(`the sandbox in ${this.folder} has no VPC and no NAT: make one with scripts/sandbox up --vpc`);
  }

  /** Path of the cluster administrator's kubeconfig, good on the host. */
  get kubeconfig(): string {
    return kubeconfigPath(this.folder, "admin");
  }

  /** Runs a command in the machine as root. @throws Error with its output when it fails, unless it may. */
  box(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.machine.run(command, options);
  }

  /** Runs kubectl as the cluster's administrator, and returns its output. @throws Error with its output. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    return (await runKubectl(this.folder, this.programs.kubernetes, args, input)).stdout;
  }

  /** Runs kubectl on this process's terminal, and returns its exit code. */
  async interactiveKubectl(args: readonly string[]): Promise<number> {
    const command = ["--kubeconfig", this.kubeconfig, ...args];
    const options = { ...clean(), stdio: "inherit", reject: false } as const;
    return (await execa(join(this.programs.kubernetes, "kubectl"), command, options)).exitCode ?? 1;
  }

  /** Ids of the instances of EC2 that are not terminated. */
  async instances(): Promise<readonly string[]> {
    const { instances } = await readCloud(this.folder);
    return instances.filter(({ state }) => state !== "terminated").map(({ id }) => id);
  }

  /** An instance of EC2, to run commands in it and to break it. */
  instance(id: string): Instance {
    return new Instance(this.folder, this.facts.slot, id);
  }

  /** The one instance that is not terminated, which the gateway's is. @throws Error when there is none, or more */
  async gateway(): Promise<Instance> {
    const [id, ...others] = await this.instances();
    if (id === undefined || others.length > 0) throw new Error(`there are ${others.length + (id ? 1 : 0)} instances`);
    return this.instance(id);
  }

  /** Reads the node. @throws Error when there is no such Node. */
  async node(name = nodeName): Promise<NodeObject> {
    return JSON.parse(await this.kubectl(["get", "node", name, "--output=json"]));
  }

  /** Waits until the node is Ready, or satisfies `accept`. @throws Error after `deadlineMs`, 60 s by default. */
  waitForNode(accept?: (node: NodeObject) => boolean, deadlineMs = 60_000, name = nodeName): Promise<NodeObject> {
    return waitForNode(this.folder, this.addresses, name, { deadlineMs, ...(accept ? { accept } : {}) });
  }

  /** Deletes the Node, runs `start`, and returns the milliseconds until the API says Ready=True. */
  async timeToReady(start: () => Promise<unknown>): Promise<number> {
    await this.kubectl(["delete", "node", nodeName, "--ignore-not-found", "--wait"]);
    const began = performance.now();
    const [readyAt] = await Promise.all([this.waitForNode().then(() => performance.now()), start()]);
    return readyAt - began;
  }

  /** Shuts the machine down in order and boots it again, as `reboot` does. */
  async reboot(): Promise<void> {
    await this.machine.powerOff();
    await this.machine.boot();
  }

  /** Takes the machine away at once: no process in it gets to do anything more. {@link boot} brings it back. */
  powerCut(): Promise<void> {
    return this.machine.cutPower();
  }

  /** Boots the machine after a power cut. */
  boot(): Promise<void> {
    return this.machine.boot();
  }

  /** Cuts or mends the link between the machine and the cluster with AWS; the page on the node stays reachable. */
  link(state: "up" | "down"): Promise<void> {
    return setMachineLink(this.addresses, state);
  }

  /** Takes the API server away from the machine, or gives it back; AWS stays. */
  api(reach: Reach): Promise<void> {
    return setApiReachability(this.addresses, reach);
  }

  /** Takes AWS away. */
  async awsDown(how: Outage = "refuse"): Promise<void> {
    if (how === "503") return this.changeAwsFaults((faults) => ({ ...faults, unavailable: true }));
    await setAwsReachability(this.addresses, how);
  }

  /** Makes AWS reachable again; other faults stay in force. */
  async awsUp(): Promise<void> {
    await setAwsReachability(this.addresses, "open");
    await this.changeAwsFaults(({ unavailable: _, ...others }) => others);
  }

  /** The faults in force at AWS's side. */
  awsFaults(): Promise<AwsFaults> {
    return readFaults(this.folder);
  }

  /** Changes the faults in force at AWS's side, from its next request on. */
  changeAwsFaults(change: (faults: AwsFaults) => AwsFaults): Promise<void> {
    return changeFaults(this.folder, change);
  }

  /** Takes every fault at AWS's side back. */
  clearAwsFaults(): Promise<void> {
    return clearFaults(this.folder, this.addresses);
  }

  /** A hand-started kubelet of this sandbox, with a token minted now; see hand-kubelet.ts. */
  async handKubelet(): Promise<HandKubelet> {
    const { folder, facts, addresses, programs, machine } = this;
    return { folder, facts, addresses, machine, token: await mintToken(folder, facts, addresses, programs) };
  }
}
