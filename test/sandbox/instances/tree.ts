// The files of an EC2 instance: Debian as its cloud images are, with cloud-init, in the sandbox's AWS and VPC.
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { renderHosts } from "../addresses.ts";
import { clean } from "../environment.ts";
import { replaceFolder } from "../fresh-folder.ts";
import { type BaseChoice, baseTree } from "../machine/base.ts";
import { awsCaPath, configureSystem, trustAws } from "../machine-tree.ts";
import type { Sandbox } from "../sandbox.ts";
import type { CloudInstance } from "../vpc/cloud.ts";

/** What instances are copied from. */
export const instanceBase: BaseChoice = { machine: "instance", debian: "bookworm" };

/**
 * User data comes from files: EC2's own source takes session tokens only where the firmware says that this is EC2.
 * What a container has from its namespace is left out.
 */
const cloudConfig = `datasource_list: [NoCloud]
network: { config: disabled }
locale: false
preserve_hostname: true
apt_preserve_sources_list: true
ssh_genkeytypes: []
users: []
`;
const seed = "var/lib/cloud/seed/nocloud";

/** Every unit of the instance trusts the sandbox's AWS: Node.js has a store of its own. */
const trust = `[Manager]\nDefaultEnvironment=NODE_EXTRA_CA_CERTS=${awsCaPath}\n`;

/** What of a sandbox goes into its instances. */
export type InstanceParts = Pick<Sandbox, "folder" | "facts" | "addresses" | "programs">;

/** Makes the tree of an instance. */
export async function createInstanceTree(
  tree: string,
  parts: InstanceParts,
  { id, userData }: Pick<CloudInstance, "id" | "userData">,
  hostname: string,
): Promise<void> {
  const { folder, facts, addresses, programs } = parts;
  await replaceFolder(tree, async (fresh) => {
    await execa("cp", ["--archive", "--reflink=auto", `${baseTree(instanceBase)}/.`, fresh], clean());
    await configureSystem(fresh, hostname, renderHosts(addresses, facts.clusterId, hostname, "in the VPC"));
    await writeFile(join(fresh, "etc/cloud/cloud.cfg.d/99-sandbox.cfg"), cloudConfig);
    await mkdir(join(fresh, seed), { recursive: true, mode: 0o700 });
    await writeFile(join(fresh, seed, "meta-data"), `instance-id: ${id}\n`);
    await writeFile(join(fresh, seed, "user-data"), Buffer.from(userData ?? "", "base64"), { mode: 0o600 });
    await mkdir(join(fresh, "etc/systemd/system.conf.d"), { recursive: true });
    await writeFile(join(fresh, "etc/systemd/system.conf.d/trust.conf"), trust);
    await cp(programs.wireguard, join(fresh, "usr/local/bin/wireguard-go"), { mode: 0 });
    await trustAws(fresh, folder);
  });
}
