// A virtual machine's disk: the file tree that a container has, with what a kernel of its own and network cards ask for.
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Addresses } from "../addresses.ts";
import { clean } from "../environment.ts";
import { replaceFolder } from "../fresh-folder.ts";
import { machineGateway } from "../network.ts";
import type { Sandbox } from "../sandbox.ts";
import { hardware } from "./hardware.ts";
import { cardAddress, cards } from "./taps.ts";

/** Packages that a machine has on top of a container's. */
export const virtualPackages = ["udev", "openssh-server", "e2fsprogs"];

/** Below the machine's folder: its disk, and the key that it lets in. */
export const diskName = "disk.img";
export const keyName = "key";

/** Sparse: it takes what the machine writes. */
const diskSize = "6G";

/** Twice what a machine has: few enough to use them up. */
const diskInodes = 20_480;

/** One user comes in, root, by key: neither accounts nor names are worth looking up. */
const sshdConfig = "UsePAM no\nUseDNS no\nPrintMotd no\nMaxSessions 100\nMaxStartups 100\nAcceptEnv none\n";

/** Makes the machine's folder unless it is there; `fill` makes the tree that both kinds share. */
export async function createDisk(
  machine: string,
  { addresses, facts }: Pick<Sandbox, "addresses" | "facts">,
  fill: (tree: string) => Promise<void>,
): Promise<void> {
  if (existsSync(join(machine, diskName))) return;
  await replaceFolder(machine, async (fresh) => {
    const tree = join(fresh, "tree");
    await mkdir(tree);
    await fill(tree);
    const key = join(fresh, keyName);
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "sandbox", "-f", key], clean());
    await configureMachine(tree, addresses, await readFile(`${key}.pub`, "utf8"));
    // The console is a log: a login on it is a process more.
    const login = `serial-getty@${hardware[facts.arch].console}.service`;
    await symlink("/dev/null", join(tree, "etc/systemd/system", login));
    const format = ["-q", "-t", "ext4", "-N", String(diskInodes), "-d", tree];
    await execa("mke2fs", [...format, join(fresh, diskName), diskSize], clean());
    await rm(tree, { recursive: true });
  });
}

async function configureMachine(tree: string, addresses: Addresses, publicKey: string): Promise<void> {
  const write = async (path: string, text: string) => writeFile(join(tree, path), text);
  for (const folder of ["root/.ssh", "etc/systemd/network", "etc/ssh/sshd_config.d"])
    await mkdir(join(tree, folder), { recursive: true });
  await chmod(join(tree, "root/.ssh"), 0o700);
  await write("root/.ssh/authorized_keys", publicKey);
  await write("etc/ssh/sshd_config.d/sandbox.conf", sshdConfig);
  await write("etc/fstab", "/dev/vda / ext4 errors=remount-ro 0 1\n");
  for (const [name, text] of renderNetwork(addresses)) await write(`etc/systemd/network/${name}`, text);
  await execa("chroot", [tree, "systemctl", "enable", "--quiet", "systemd-networkd"], clean());
}

/** Names and addresses of the cards, which a container finds in its namespace. */
function renderNetwork(addresses: Addresses): readonly (readonly [name: string, text: string])[] {
  const { node, prefixLength, uplink, vpc } = addresses;
  const gateway = `Gateway=${machineGateway(addresses)}\n`;
  const networks = {
    eth0: `Address=${node}/${prefixLength}\n${vpc ? gateway : ""}`,
    uplink: `Address=${uplink.inside}/${uplink.prefixLength}\n${vpc ? "" : gateway}`,
  };
  return cards.flatMap((card) => {
    const match = `[Match]\nMACAddress=${cardAddress(addresses, card)}\n`;
    return [
      [`10-${card}.link`, `${match}\n[Link]\nName=${card}\n`] as const,
      // No router of theirs advertises itself: a boot would wait 12 s for one.
      [`10-${card}.network`, `${match}\n[Network]\nIPv6AcceptRA=no\n${networks[card]}`] as const,
    ];
  });
}
