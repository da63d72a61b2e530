// The files of a rented machine: what a provider hands out, with cloud-init, ssh and the launch's user data.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { BaseChoice } from "../machine/base.ts";
import { fillTree, makeCgroupsWritable, type Parts } from "../machine-tree.ts";
import type { LambdaMachine } from "./account.ts";

/** What rented machines are copied from. */
export const rentedBase: BaseChoice = { machine: "rented", debian: "bookworm" };

/** Who comes in by ssh on Lambda's machines. */
export const rentedUser = "ubuntu";

/** What a container has from its namespace is left out. */
const cloudConfig = {
  datasource_list: ["NoCloud"],
  network: { config: "disabled" },
  locale: false,
  apt_preserve_sources_list: true,
  ssh_genkeytypes: ["ed25519"],
  users: ["default"],
  system_info: {
    default_user: { name: rentedUser, shell: "/bin/bash", lock_passwd: true, sudo: ["ALL=(ALL) NOPASSWD:ALL"] },
  },
};
const seed = "var/lib/cloud/seed/nocloud";

/** Fills the tree of a machine; cloud-init gives it the name and the key that the launch named. */
export async function fillRentedTree(
  fresh: string,
  parts: Parts,
  { id, hostname, userData }: Pick<LambdaMachine, "id" | "hostname" | "userData">,
  publicKey: string,
): Promise<void> {
  await fillTree(fresh, parts, { base: rentedBase, hostname });
  await makeCgroupsWritable(fresh);
  await writeFile(join(fresh, "etc/cloud/cloud.cfg.d/99-sandbox.cfg"), stringify(cloudConfig));
  await mkdir(join(fresh, seed), { recursive: true, mode: 0o700 });
  const metadata = { "instance-id": id, "local-hostname": hostname, "public-keys": [publicKey] };
  await writeFile(join(fresh, seed, "meta-data"), stringify(metadata));
  await writeFile(join(fresh, seed, "user-data"), userData, { mode: 0o600 });
}
