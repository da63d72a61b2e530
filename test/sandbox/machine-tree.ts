// What a sandbox's machine is made from: the base's tree and what makes it a machine as a provider hands it out:
// containerd as Docker's package configures it, kubelet and CNI plugins, no cluster.
import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { renderHosts } from "./addresses.ts";
import { clean } from "./environment.ts";
import { replaceFolder } from "./fresh-folder.ts";
import { installPrograms } from "./go-builds.ts";
import { type BaseChoice, baseTree } from "./machine/base.ts";
import { createDisk } from "./machine/virtual-tree.ts";
import type { Sandbox } from "./sandbox.ts";
import { nodeName } from "./state.ts";

/** Units that would only take time from a machine that lives for minutes. */
const maskedUnits = [
  ...["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"],
  ...["e2scrub_reap.service", "systemd-pstore.service", "console-getty.service", "getty@tty1.service"],
];

/** In the manner of Docker's containerd.io package: CRI is disabled, all else is left to defaults. */
export const dockerContainerdConfig = `# containerd as a part of Docker Engine.

disabled_plugins = ["cri"]

#root = "/var/lib/containerd"
#state = "/run/containerd"

#[grpc]
#  address = "/run/containerd/containerd.sock"
`;

/** systemd-nspawn gives the cgroup v1 controllers read-only; on a real machine they are writable. */
const cgroupUnit = `[Unit]
Description=Writable cgroup controllers
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for mount in /sys/fs/cgroup /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$$mount"; done; true'

[Install]
WantedBy=sysinit.target
`;

/** What the machine says that it is, where it stands for Ubuntu 20.04. */
const ubuntuRelease = `NAME="Ubuntu"
VERSION="20.04.6 LTS (Focal Fossa)"
ID=ubuntu
ID_LIKE=debian
PRETTY_NAME="Ubuntu 20.04.6 LTS"
VERSION_ID="20.04"
VERSION_CODENAME=focal
`;

/** What of a sandbox goes into its machine. */
export type Parts = Pick<Sandbox, "folder" | "facts" | "addresses" | "programs">;

/** Path of a sandbox's machine: a container's tree, or the folder of a virtual machine's disk. */
export function machineTree(folder: string): string {
  return join(folder, "machine");
}

/** Makes the sandbox's own tree from the base, or its disk, unless it is there. */
export async function createTree(sandbox: Parts): Promise<void> {
  const target = machineTree(sandbox.folder);
  if (sandbox.facts.machine === "vm")
    return createDisk(target, sandbox, (tree) => fillTree(tree, sandbox, ownChoice(sandbox)));
  if (existsSync(target)) return;
  await replaceFolder(target, async (fresh) => {
    await fillTree(fresh, sandbox, ownChoice(sandbox));
    await makeCgroupsWritable(fresh);
  });
}

/** What a machine is copied from, and its name. */
interface TreeChoice {
  readonly base: BaseChoice;
  readonly hostname: string;
}

function ownChoice({ facts }: Parts): TreeChoice {
  return { base: facts, hostname: nodeName };
}

/** Makes a base a machine. */
export async function fillTree(
  fresh: string,
  { folder, facts, addresses, programs }: Parts,
  { base, hostname }: TreeChoice,
): Promise<void> {
  await execa("cp", ["--archive", "--reflink=auto", `${baseTree(base)}/.`, fresh], clean());
  await configureSystem(fresh, hostname, renderHosts(addresses, facts.clusterId, hostname));
  const { kubelet, credentialProvider, wireguard } = programs.machine;
  await installPrograms(dirname(kubelet), [basename(kubelet)], join(fresh, "usr/bin"));
  const providers = join(fresh, "etc/eks/image-credential-provider");
  await installPrograms(dirname(credentialProvider), [basename(credentialProvider)], providers);
  await cp(wireguard, join(fresh, "usr/local/bin/wireguard-go"), { mode: 0 });
  if (programs.containerd) await installContainerd(fresh, programs.containerd);
  if (standsForUbuntu(facts)) await writeFile(join(fresh, "usr/lib/os-release"), ubuntuRelease);
  await mkdir(join(fresh, "etc/containerd"), { recursive: true });
  await writeFile(join(fresh, "etc/containerd/config.toml"), dockerContainerdConfig);
  await mkdir(join(fresh, "opt/cni"), { recursive: true });
  await execa("cp", ["--archive", join(fresh, "usr/lib/cni"), join(fresh, "opt/cni/bin")], clean());
  await trustAws(fresh, folder);
}

/** Gives a tree its name and the names that it knows, and takes from it what only costs time. */
export async function configureSystem(tree: string, hostname: string, hosts: string): Promise<void> {
  const units = join(tree, "etc/systemd/system");
  await writeFile(join(tree, "etc/hostname"), `${hostname}\n`);
  await writeFile(join(tree, "etc/hosts"), hosts);
  await rm(join(tree, "etc/resolv.conf"), { force: true });
  await writeFile(join(tree, "etc/resolv.conf"), await hostResolvers());
  for (const unit of maskedUnits) await symlink("/dev/null", join(units, unit));
  // Containers get 10 s to end at power-off instead of 90.
  await mkdir(join(tree, "etc/systemd/system.conf.d"), { recursive: true });
  await writeFile(join(tree, "etc/systemd/system.conf.d/stop.conf"), "[Manager]\nDefaultTimeoutStopSec=10s\n");
}

/** For a tree that systemd-nspawn boots. */
export async function makeCgroupsWritable(tree: string): Promise<void> {
  const units = join(tree, "etc/systemd/system");
  await writeFile(join(units, "cgroup-controllers.service"), cgroupUnit);
  await mkdir(join(units, "sysinit.target.wants"), { recursive: true });
  await symlink("../cgroup-controllers.service", join(units, "sysinit.target.wants/cgroup-controllers.service"));
}

/** The host's name servers; a stub resolver on the host's loopback is of no use to the machine. */
async function hostResolvers(): Promise<string> {
  const upstream = "/run/systemd/resolve/resolv.conf";
  return readFile(existsSync(upstream) ? upstream : "/etc/resolv.conf", "utf8");
}

/** A release over Debian's files: the unit and its path stay the package's, and so does ctr where only 2.x has it. */
export async function installContainerd(tree: string, bin: string): Promise<void> {
  const names = (await readdir(bin)).filter((name) => !name.startsWith("."));
  await installPrograms(bin, names, join(tree, "usr/bin"));
}

/** Debian 11 with the containerd of Docker's package is the nearest that there is to a rented Ubuntu 20.04. */
function standsForUbuntu({ debian, containerd }: Parts["facts"]): boolean {
  return debian === "bullseye" && containerd === "1.7.24";
}

/** Puts the CA of the sandbox's AWS into the tree's store. */
export async function trustAws(tree: string, folder: string): Promise<void> {
  await copyFile(join(folder, "pki", "aws-ca.crt"), join(tree, awsCaPath));
  await execa("chroot", [tree, "update-ca-certificates"], clean());
}

/** Where the machine keeps the CA of the sandbox's AWS. */
export const awsCaPath = "/usr/local/share/ca-certificates/eks-satellite-sandbox-aws.crt";
