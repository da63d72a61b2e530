// The Debian that machines are copied from, built once in the cache: of a suite, and with a kernel where the machine has its own.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "../fresh-folder.ts";
import { type Arch, hostArch, isForeign } from "../processor.ts";
import { cacheFolder, type DebianSuite, type MachineKind } from "../state.ts";
import type { Progress } from "../step.ts";
import { addKernel } from "./kernel.ts";
import { virtualPackages } from "./virtual-tree.ts";

/**
 * What decides which base a machine has. An instance of EC2 is a container with cloud-init, and no container runtime;
 * what a provider rents out is one with both, and ssh.
 */
export interface BaseChoice {
  readonly machine: MachineKind | "instance" | "rented";
  readonly debian: DebianSuite;
  /** The host's when it is left out. */
  readonly arch?: Arch;
  /** With Debian's Docker. */
  readonly docker?: boolean;
}

const mirror = "http://deb.debian.org/debian";
const system = ["systemd", "systemd-sysv", "dbus", "kmod", "procps", "iproute2", "ca-certificates", "curl"];
const network = ["iptables", "nftables", "conntrack", "socat", "wireguard-tools"];
const machine = [...system, "containerd", "runc", "containernetworking-plugins", ...network];
const packages: Readonly<Record<BaseChoice["machine"], readonly string[]>> = {
  nspawn: machine,
  vm: [...machine, ...virtualPackages],
  instance: [...system, ...network],
  rented: machine,
};
/** debootstrap configures packages in an order in which Python's own fail: apt installs these after it. */
const laterPackages: Readonly<Record<BaseChoice["machine"], readonly string[]>> = {
  nspawn: [],
  // As on every image that is rented. Without user data it does nothing.
  vm: ["cloud-init"],
  instance: ["cloud-init"],
  rented: ["cloud-init", "openssh-server", "sudo"],
};
const folderNames: Readonly<Record<BaseChoice["machine"], string>> = {
  nspawn: "machine",
  vm: "virtual",
  instance: "instance",
  rented: "rented",
};

/** What a container of the default suite is made from. */
const container: BaseChoice = { machine: "nspawn", debian: "bookworm" };

/** The tree of the base; {@link ensureBaseTree} makes it. */
export function baseTree(choice: BaseChoice): string {
  return choice.machine === "vm" ? join(baseFolder(choice), "tree") : baseFolder(choice);
}

/** Folder of the base: its tree, or for a virtual machine its kernel and its tree. */
export function baseFolder(choice: BaseChoice): string {
  const digest = createHash("sha256")
    .update([mirror, choice.debian, ...packagesOf(choice), ...laterOf(choice)].join())
    .digest("hex")
    .slice(0, 12);
  const name = folderNames[choice.machine];
  return join(cacheFolder(), `${isForeign(choice.arch) ? `${name}-${choice.arch}` : name}-${digest}`);
}

/** Makes the base with debootstrap when its package list is new, and returns its tree. */
export async function ensureBaseTree(progress: Progress, choice: BaseChoice = container): Promise<string> {
  const folder = baseFolder(choice);
  if (existsSync(folder)) return baseTree(choice);
  const isVirtual = choice.machine === "vm";
  await progress.step(titleOf(choice), async () => {
    await replaceFolder(folder, async (fresh) => {
      await debootstrap(isVirtual ? join(fresh, "tree") : fresh, choice);
      if (isVirtual) await addKernel(fresh, choice, mirror);
    });
  });
  return baseTree(choice);
}

function titleOf({ machine: kind, debian, docker, arch }: BaseChoice): string {
  const words = [`debootstrap Debian ${debian}`];
  if (isForeign(arch)) words.push(`of ${arch}`);
  if (docker === true) words.push("with Docker");
  if (kind === "vm") words.push("and its kernel");
  return [...words, `for the machine (${isForeign(arch) ? "10 min" : "1 to 2 min"} the first time)`].join(" ");
}

async function debootstrap(tree: string, choice: BaseChoice): Promise<void> {
  await mkdir(tree, { recursive: true });
  const flags = ["--variant=minbase", `--arch=${choice.arch ?? hostArch}`, `--include=${packagesOf(choice).join(",")}`];
  // In a mount namespace of its own: what debootstrap mounts in the tree goes when it ends, however it ends.
  await execa("unshare", ["--mount", "--", "debootstrap", ...flags, choice.debian, tree, mirror]);
  const later = laterOf(choice);
  if (later.length > 0) await installLater(tree, later);
  for (const path of ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"]) {
    await rm(join(tree, path), { recursive: true, force: true });
    await mkdir(join(tree, path), { recursive: true });
  }
}

/** A foreign machine's initramfs and images have its own busybox, where others have the host's. */
function packagesOf({ machine: kind, arch }: BaseChoice): readonly string[] {
  return isForeign(arch) ? [...packages[kind], "busybox-static"] : packages[kind];
}

/** On a foreign processor's tree, emulated, they would take another ten minutes. */
function laterOf({ machine: kind, docker, arch }: BaseChoice): readonly string[] {
  const own = isForeign(arch) ? [] : laterPackages[kind];
  return docker === true ? [...own, "docker.io", "apparmor"] : own;
}

async function installLater(tree: string, names: readonly string[]): Promise<void> {
  const script = `mount -t proc proc "$0/proc"
    chroot "$0" apt-get update --quiet=2
    chroot "$0" apt-get install --yes --quiet=2 --no-install-recommends "$@"`;
  await execa("unshare", ["--mount", "--", "/bin/sh", "-ec", script, tree, ...names], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
}
