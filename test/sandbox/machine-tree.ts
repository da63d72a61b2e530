// The machine's file tree: a Debian built once in the cache, and for each sandbox a copy with what makes it a machine
// as a provider hands it out: containerd as Docker's package configures it, kubelet and CNI plugins, no cluster.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Addresses, renderHosts } from "./addresses.ts";
import { clean } from "./environment.ts";
import { replaceFolder } from "./fresh-folder.ts";
import { installPrograms } from "./go-builds.ts";
import type { Programs } from "./programs.ts";
import { cacheFolder, nodeName, type SandboxFacts } from "./state.ts";
import type { Progress } from "./step.ts";

const mirror = "http://deb.debian.org/debian";
const suite = "bookworm";
const packages = [
  ...["systemd", "systemd-sysv", "dbus", "kmod", "procps", "iproute2", "ca-certificates", "curl"],
  ...["containerd", "runc", "containernetworking-plugins", "iptables", "conntrack", "socat"],
];

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

/** The Debian tree in the cache; debootstrap makes it when its package list is new. */
export async function ensureBaseTree(progress: Progress): Promise<string> {
  const digest = createHash("sha256")
    .update([mirror, suite, ...packages].join())
    .digest("hex")
    .slice(0, 12);
  const tree = join(cacheFolder(), `machine-${digest}`);
  if (existsSync(tree)) return tree;
  await progress.step(`debootstrap Debian ${suite} for the machine (1 min the first time)`, async () => {
    await replaceFolder(tree, async (fresh) => {
      // In a mount namespace of its own: what debootstrap mounts in the tree goes when it ends, however it ends.
      const debootstrap = ["debootstrap", "--variant=minbase", `--include=${packages.join(",")}`, suite, fresh, mirror];
      await execa("unshare", ["--mount", "--", ...debootstrap]);
      for (const path of ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"]) {
        await rm(join(fresh, path), { recursive: true, force: true });
        await mkdir(join(fresh, path), { recursive: true });
      }
    });
  });
  return tree;
}

/** Path of a sandbox's machine tree. */
export function machineTree(folder: string): string {
  return join(folder, "machine");
}

/** Makes the sandbox's own tree from the base, unless it is there. */
export async function createTree(
  folder: string,
  base: string,
  facts: SandboxFacts,
  addresses: Addresses,
  programs: Programs,
): Promise<void> {
  const tree = machineTree(folder);
  if (existsSync(tree)) return;
  await replaceFolder(tree, async (fresh) => {
    await execa("cp", ["--archive", "--reflink=auto", `${base}/.`, fresh], clean());
    await configureSystem(fresh, facts, addresses);
    await installPrograms(programs.kubernetes, ["kubelet"], join(fresh, "usr/bin"));
    const providers = join(fresh, "etc/eks/image-credential-provider");
    await installPrograms(programs.awsTools, ["ecr-credential-provider"], providers);
    if (programs.containerd) await installContainerd(fresh, programs.containerd);
    await writeFile(join(fresh, "etc/containerd/config.toml"), dockerContainerdConfig);
    await mkdir(join(fresh, "opt/cni"), { recursive: true });
    await execa("cp", ["--archive", join(fresh, "usr/lib/cni"), join(fresh, "opt/cni/bin")], clean());
    await trustAws(fresh, folder);
  });
}

async function configureSystem(tree: string, facts: SandboxFacts, addresses: Addresses): Promise<void> {
  const units = join(tree, "etc/systemd/system");
  await writeFile(join(tree, "etc/hostname"), `${nodeName}\n`);
  await writeFile(join(tree, "etc/hosts"), renderHosts(addresses, facts.clusterId, nodeName));
  await rm(join(tree, "etc/resolv.conf"), { force: true });
  await writeFile(join(tree, "etc/resolv.conf"), await hostResolvers());
  await writeFile(join(units, "cgroup-controllers.service"), cgroupUnit);
  await mkdir(join(units, "sysinit.target.wants"), { recursive: true });
  await symlink("../cgroup-controllers.service", join(units, "sysinit.target.wants/cgroup-controllers.service"));
  for (const unit of maskedUnits) await symlink("/dev/null", join(units, unit));
  // Containers get 10 s to end at power-off instead of 90.
  await mkdir(join(tree, "etc/systemd/system.conf.d"), { recursive: true });
  await writeFile(join(tree, "etc/systemd/system.conf.d/stop.conf"), "[Manager]\nDefaultTimeoutStopSec=10s\n");
}

/** The host's name servers; a stub resolver on the host's loopback is of no use to the machine. */
async function hostResolvers(): Promise<string> {
  const upstream = "/run/systemd/resolve/resolv.conf";
  return readFile(existsSync(upstream) ? upstream : "/etc/resolv.conf", "utf8");
}

/** A 2.x release over Debian's files: the unit and its path stay the package's. */
export async function installContainerd(tree: string, bin: string): Promise<void> {
  await installPrograms(bin, ["containerd", "containerd-shim-runc-v2", "ctr"], join(tree, "usr/bin"));
}

async function trustAws(tree: string, folder: string): Promise<void> {
  await copyFile(join(folder, "pki", "aws-ca.crt"), join(tree, awsCaPath));
  await execa("chroot", [tree, "update-ca-certificates", "--fresh"], clean());
}

/** Where the machine keeps the CA of the sandbox's AWS. */
export const awsCaPath = "/usr/local/share/ca-certificates/eks-satellite-sandbox-aws.crt";
