// Debian packages that the sandbox needs on the host.
import { existsSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "./fresh-folder.ts";
import { registerEmulator } from "./machine/binfmt.ts";
import { type Arch, architectureOf, hostArch, isForeign } from "./processor.ts";
import { cacheFolder, type MachineKind } from "./state.ts";
import type { Progress } from "./step.ts";

/** What a virtual machine needs on top, by its processor. */
const virtualPackages: Readonly<Record<Arch, readonly string[]>> = {
  amd64: ["e2fsprogs", "qemu-system-x86"],
  arm64: ["e2fsprogs", "qemu-system-arm"],
};

/** What runs programs of a foreign processor on the host, in the machine's file tree. */
const foreignPackages = ["qemu-user-static"];

const packages = [
  "busybox-static",
  "conntrack",
  "debian-archive-keyring",
  "debootstrap",
  "gcc",
  "iproute2",
  "iptables",
  "libc6-dev",
  "openssh-client",
  "openssl",
  "python3-venv",
  "systemd-container",
  "wireguard-tools",
];

/**
 * Installs with apt what is missing on the host.
 * @throws Error when this is not Linux, not root, or has no apt.
 */
export async function ensurePackages(
  progress: Progress,
  machine: MachineKind = "nspawn",
  arch: Arch = hostArch,
): Promise<void> {
  if (process.platform !== "linux") throw new Error(`the sandbox needs Linux, and this is ${process.platform}`);
  if (process.getuid?.() !== 0) {
    throw new Error("the sandbox makes network namespaces and boots a machine: run it as root (sudo)");
  }
  if (!existsSync("/usr/bin/apt-get")) throw new Error("the sandbox needs Debian or Ubuntu: there is no apt-get here");
  const virtual = machine === "vm" ? virtualPackages[arch] : [];
  await installMissing([...packages, ...virtual, ...(isForeign(arch) ? foreignPackages : [])], progress);
  if (isForeign(arch)) await registerEmulator(architectureOf(arch));
}

async function installMissing(wanted: readonly string[], progress: Progress): Promise<void> {
  const missing = await missingPackages(wanted);
  if (missing.length === 0) return;
  await progress.step(`install ${missing.join(", ")} with apt`, async () => {
    await execa("apt-get", ["update", "--quiet"]);
    await execa("apt-get", ["install", "--yes", "--no-install-recommends", ...missing], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
  });
}

/** etcd's program. */
export function ensureEtcd(progress: Progress): Promise<string> {
  return unpackOne("etcd-server", "etcd", progress);
}

/** The program of Docker's registry. */
export function ensureRegistry(progress: Progress): Promise<string> {
  return unpackOne("docker-registry", "docker-registry", progress);
}

/** Folder of `prometheus` and `promtool`. */
export function ensurePrometheus(progress: Progress): Promise<string> {
  return unpack("prometheus", ["prometheus", "promtool"], progress);
}

async function unpackOne(name: string, program: string, progress: Progress): Promise<string> {
  return join(await unpack(name, [program], progress), program);
}

/** Programs from a Debian package, unpacked and not installed: installing it would start a service on the host. */
async function unpack(name: string, programs: readonly [string, ...string[]], progress: Progress): Promise<string> {
  const folder = join(cacheFolder(), programs[0]);
  if (programs.every((program) => existsSync(join(folder, program)))) return folder;
  await progress.step(`unpack ${programs.join(" and ")} from Debian's ${name}`, async () => {
    await replaceFolder(folder, async (fresh) => {
      await execa("apt-get", ["update", "--quiet"]);
      await execa("apt-get", ["download", name], { cwd: fresh });
      const [file = ""] = await readdir(fresh);
      await execa("dpkg-deb", ["--extract", file, "package"], { cwd: fresh });
      for (const program of programs) await rename(join(fresh, "package/usr/bin", program), join(fresh, program));
    });
  });
  return folder;
}

async function missingPackages(wanted: readonly string[]): Promise<string[]> {
  const format = "$" + "{Package} $" + "{db:Status-Status}\n";
  const { stdout } = await execa("dpkg-query", ["--show", `--showformat=${format}`, ...wanted], { reject: false });
  const installed = new Set(stdout.split("\n").filter((line) => line.endsWith(" installed")));
  return wanted.filter((name) => !installed.has(`${name} installed`));
}
