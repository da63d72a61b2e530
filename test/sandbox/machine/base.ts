// The Debian that machines are copied from, built once in the cache: of a suite, and with a kernel where the machine has its own.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "../fresh-folder.ts";
import { cacheFolder, type DebianSuite, type MachineKind } from "../state.ts";
import type { Progress } from "../step.ts";
import { addKernel } from "./kernel.ts";
import { virtualPackages } from "./virtual-tree.ts";

/** What decides which base a machine has. */
export interface BaseChoice {
  readonly machine: MachineKind;
  readonly debian: DebianSuite;
}

const mirror = "http://deb.debian.org/debian";
const packages = [
  ...["systemd", "systemd-sysv", "dbus", "kmod", "procps", "iproute2", "ca-certificates", "curl"],
  ...["containerd", "runc", "containernetworking-plugins", "iptables", "nftables", "conntrack", "socat"],
  "wireguard-tools",
];

/** What a container of the default suite is made from. */
const container: BaseChoice = { machine: "nspawn", debian: "bookworm" };

/** The tree of the base; {@link ensureBaseTree} makes it. */
export function baseTree(choice: BaseChoice): string {
  return choice.machine === "vm" ? join(baseFolder(choice), "tree") : baseFolder(choice);
}

/** Folder of the base: its tree, or for a virtual machine its kernel and its tree. */
export function baseFolder(choice: BaseChoice): string {
  const digest = createHash("sha256")
    .update([mirror, choice.debian, ...packagesOf(choice)].join())
    .digest("hex")
    .slice(0, 12);
  return join(cacheFolder(), `${choice.machine === "vm" ? "virtual" : "machine"}-${digest}`);
}

/** Makes the base with debootstrap when its package list is new, and returns its tree. */
export async function ensureBaseTree(progress: Progress, choice: BaseChoice = container): Promise<string> {
  const folder = baseFolder(choice);
  if (existsSync(folder)) return baseTree(choice);
  const isVirtual = choice.machine === "vm";
  const what = isVirtual ? `Debian ${choice.debian} and its kernel` : `Debian ${choice.debian}`;
  await progress.step(`debootstrap ${what} for the machine (1 to 2 min the first time)`, async () => {
    await replaceFolder(folder, async (fresh) => {
      await debootstrap(isVirtual ? join(fresh, "tree") : fresh, choice);
      if (isVirtual) await addKernel(fresh, choice.debian, mirror);
    });
  });
  return baseTree(choice);
}

async function debootstrap(tree: string, choice: BaseChoice): Promise<void> {
  await mkdir(tree, { recursive: true });
  const include = `--include=${packagesOf(choice).join(",")}`;
  // In a mount namespace of its own: what debootstrap mounts in the tree goes when it ends, however it ends.
  await execa("unshare", ["--mount", "--", "debootstrap", "--variant=minbase", include, choice.debian, tree, mirror]);
  for (const path of ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"]) {
    await rm(join(tree, path), { recursive: true, force: true });
    await mkdir(join(tree, path), { recursive: true });
  }
}

function packagesOf({ machine }: BaseChoice): readonly string[] {
  return machine === "vm" ? [...packages, ...virtualPackages] : packages;
}
