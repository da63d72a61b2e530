// Where a sandbox keeps its files, and the few facts about it that outlive a command.
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Arch, hostArch } from "./processor.ts";

/** The facts of one sandbox, kept in state.json. */
export interface SandboxFacts {
  readonly slot: number;
  /** 32 hexadecimal digits, as in an EKS endpoint. */
  readonly clusterId: string;
  /** A Kubernetes version, such as 1.34.4. */
  readonly kubernetes: string;
  readonly containerd: ContainerdChoice;
  readonly machine: MachineKind;
  readonly arch: Arch;
  readonly debian: DebianSuite;
  readonly network: NetworkKind;
  /** The machine is rented from the sandbox's Lambda: there is none until a launch. */
  readonly lambda: boolean;
  /** Debian's Docker is on the machine, with a container of the user's. */
  readonly docker: boolean;
  /** The long-lived keys of the IAM user `satellite`. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Those of the IAM user `administrator`, whom the cluster does not know unless aws-auth says so. */
  readonly administrator: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Which containerd the machine has: Debian's own package, or a release of another generation. */
export type ContainerdChoice = "debian" | "1.7.24" | "2.2.0";
export const containerdChoices = ["debian", "1.7.24", "2.2.0"] as const satisfies readonly ContainerdChoice[];

/** A container of systemd-nspawn on the host's kernel, or a virtual machine with its own. */
export type MachineKind = "nspawn" | "vm";
export const machineKinds = ["nspawn", "vm"] as const satisfies readonly MachineKind[];

/** Suites of Debian near Ubuntu 20.04, 22.04 and 24.04 in their systemd, kernel and containerd. */
export type DebianSuite = "bullseye" | "bookworm" | "trixie";
export const debianSuites = ["bullseye", "bookworm", "trixie"] as const satisfies readonly DebianSuite[];

/** The machine beside the control plane, or behind a NAT with the control plane in a VPC. */
export type NetworkKind = "direct" | "vpc";

export const region = "us-east-1";
export const accountId = "123456789012";
export const clusterName = "sandbox";
export const nodeName = "satellite-1";
export const roleName = "eks-satellite-node";
export const roleArn = `arn:aws:iam::${accountId}:role/${roleName}`;
export const defaultKubernetes = "1.34.4";

/** The folder of the sandbox: `EKS_SATELLITE_SANDBOX`, or one below the cache. */
export function sandboxFolder(): string {
  return resolve(process.env.EKS_SATELLITE_SANDBOX || join(cacheFolder(), "sandbox"));
}

/** The folder of what is built once and outlives every sandbox: `EKS_SATELLITE_CACHE`, or ~/.cache/eks-satellite. */
export function cacheFolder(): string {
  return resolve(process.env.EKS_SATELLITE_CACHE || join(homedir(), ".cache", "eks-satellite"));
}

/** The facts of the sandbox in `folder`, or undefined when there is none (or a crash left half a file). */
export async function readFacts(folder: string): Promise<SandboxFacts | undefined> {
  try {
    // A sandbox of an earlier commit does not say that its machine has the host's processor.
    return { arch: hostArch, ...JSON.parse(await readFile(factsPath(folder), "utf8")) };
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keeps the facts, readable by root alone since they hold a secret key. */
export async function writeFacts(folder: string, facts: SandboxFacts): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeAtomic(factsPath(folder), `${JSON.stringify(facts, null, 2)}\n`, 0o600);
}

/** What the caller of `up` decides; a sandbox of other choices makes way for a new one. */
export type Choices = Pick<
  SandboxFacts,
  "kubernetes" | "containerd" | "machine" | "arch" | "debian" | "network" | "lambda" | "docker"
>;

/** Facts for a new sandbox in `slot`, with an id and keys of its own. */
export function newFacts(slot: number, choices: Choices): SandboxFacts {
  return {
    slot,
    clusterId: randomBytes(16).toString("hex").toUpperCase(),
    ...choices,
    ...newKeys(),
    administrator: newKeys(),
  };
}

function newKeys() {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64"),
  };
}

/** Replaces a file in one move, so that a reader sees the old text or the new. */
export async function writeAtomic(path: string, text: string, mode = 0o644): Promise<void> {
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, text, { mode });
  await rename(fresh, path);
}

/** Whether an error says that a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function factsPath(folder: string): string {
  return join(folder, "state.json");
}
