// The kernel of a virtual machine: Debian's own of the machine's suite, and an initramfs that mounts the disk, no more.
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { clean } from "../environment.ts";
import { type Arch, hostArch, isForeign } from "../processor.ts";
import type { DebianSuite } from "../state.ts";

/** Where {@link addKernel} leaves what QEMU boots. */
export const kernelName = "vmlinuz";
export const initramfsName = "initramfs.cpio";

/** What the disk needs; the machine loads the rest itself. */
const bootModules = ["virtio_pci", "virtio_blk", "ext4"];

/** Drivers of hardware that QEMU does not have: four fifths of the modules. */
const unusedModules = [
  "sound",
  ...["accessibility", "ata", "bluetooth", "comedi", "crypto", "firewire", "gpu", "hid", "hwmon", "iio"],
  ...["infiniband", "input", "isdn", "leds", "media", "message", "mmc", "mtd", "net/ethernet", "net/wireless"],
  ...["nvme", "pcmcia", "platform", "scsi", "soundwire", "staging", "target", "thunderbolt", "usb", "video"],
].map((name) => (name === "sound" ? name : `drivers/${name}`));

const init = `#!/bin/busybox sh
mount() { /bin/busybox mount "$@"; }
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
while read -r module; do /bin/busybox insmod "/modules/$module"; done < /modules/order
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
mount -t ext4 -o ro /dev/vda /root || exec /bin/busybox sh
for path in dev sys proc; do mount --move "/$path" "/root/$path"; done
exec /bin/busybox switch_root /root /sbin/init
`;

/** Which of Debian's kernels. */
export interface KernelChoice {
  readonly debian: DebianSuite;
  /** The host's when it is left out. */
  readonly arch?: Arch;
}

/** Puts the suite's kernel into `folder`, and its modules into the Debian tree that lies there as `tree`. */
export async function addKernel(folder: string, choice: KernelChoice, mirror: string): Promise<void> {
  const tree = join(folder, "tree");
  const unpacked = join(folder, "kernel");
  await downloadKernel(unpacked, choice, mirror);
  const image = (await readdir(join(unpacked, "boot"))).find((name) => name.startsWith("vmlinuz-"));
  if (image === undefined) throw new Error(`Debian's kernel of ${choice.debian} has no boot/vmlinuz-*`);
  const release = image.slice("vmlinuz-".length);
  await rename(join(unpacked, "boot", image), join(folder, kernelName));
  const modules = await modulesFolder(unpacked);
  for (const name of unusedModules) await rm(join(modules, release, "kernel", name), { recursive: true, force: true });
  await mkdir(join(tree, "lib/modules"), { recursive: true });
  await cp(join(modules, release), join(tree, "lib/modules", release), { recursive: true });
  await rm(unpacked, { recursive: true });
  await execa("chroot", [tree, "depmod", release], clean());
  const busybox = isForeign(choice.arch) ? join(tree, "bin/busybox") : "/bin/busybox";
  await writeInitramfs(folder, { tree, release, busybox });
}

/** Debian 13 has its kernel's modules below /usr/lib. */
async function modulesFolder(unpacked: string): Promise<string> {
  const names = await readdir(unpacked);
  return join(unpacked, names.includes("lib") ? "lib/modules" : "usr/lib/modules");
}

/** With lists and archives of apt's that are this download's own: the host may be of another suite. */
async function downloadKernel(
  target: string,
  { debian: suite, arch = hostArch }: KernelChoice,
  mirror: string,
): Promise<void> {
  const apt = join(target, "apt");
  await mkdir(join(apt, "lists/partial"), { recursive: true });
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  await writeFile(join(apt, "sources.list"), `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
  await writeFile(join(apt, "status"), "");
  const own = [
    ...[`Dir::Etc::sourcelist=${apt}/sources.list`, "Dir::Etc::sourceparts=/dev/null", `Dir::State=${apt}`],
    ...[`Dir::State::status=${apt}/status`, `Dir::Cache=${apt}`, "APT::Sandbox::User=root"],
    ...[`APT::Architecture=${arch}`, `APT::Architectures=${arch}`],
  ].flatMap((option) => ["--option", option]);
  await execa("apt-get", [...own, "update", "--quiet=2"]);
  const meta = `linux-image-${arch}`;
  const { stdout } = await execa("apt-cache", [...own, "depends", meta]);
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new Error(`Debian's ${meta} of ${suite} depends on no kernel:\n${stdout}`);
  await execa("apt-get", [...own, "download", "--quiet=2", name], { cwd: target });
  const archive = (await readdir(target)).find((file) => file.endsWith(".deb")) ?? "";
  await execa("dpkg-deb", ["--extract", join(target, archive), target]);
}

/** What the initramfs has its parts from. */
interface Parts {
  readonly tree: string;
  /** The kernel's. */
  readonly release: string;
  /** The machine's program. */
  readonly busybox: string;
}

async function writeInitramfs(folder: string, { tree, release, busybox }: Parts): Promise<void> {
  const root = join(folder, "initramfs");
  for (const name of ["bin", "dev", "proc", "sys", "root", "modules"])
    await mkdir(join(root, name), { recursive: true });
  await copyFile(busybox, join(root, "bin/busybox"));
  await writeFile(join(root, "init"), init, { mode: 0o755 });
  const order: string[] = [];
  for (const path of await modulesInOrder(tree, release)) order.push(await copyModule(join(tree, path), root));
  await writeFile(join(root, "modules/order"), `${order.join("\n")}\n`);
  const archive = join(folder, initramfsName);
  const pack = 'cd "$0" && find . | busybox cpio --create --format=newc > "$1"';
  await execa("/bin/sh", ["-c", pack, root, archive], clean());
  await rm(root, { recursive: true });
}

/** Paths of the modules for the disk, each after those that it needs. */
async function modulesInOrder(tree: string, release: string): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const name of bootModules) {
    const show = ["modprobe", "--show-depends", "--set-version", release, name];
    const { stdout } = await execa("chroot", [tree, ...show], clean());
    for (const [, path = ""] of stdout.matchAll(/^insmod (\S+)/gm)) paths.add(path);
  }
  return [...paths];
}

/** Debian 13 compresses its modules, which busybox's insmod does not undo. */
async function copyModule(path: string, root: string): Promise<string> {
  const name = basename(path).replace(/\.xz$/, "");
  const content = path.endsWith(".xz")
    ? (await execa("busybox", ["unxz", "-c", path], { ...clean(), encoding: "buffer" })).stdout
    : await readFile(path);
  await writeFile(join(root, "modules", name), content);
  return name;
}
