// AWS's clients for an administrator's commands, loaded when such a command runs: the daemon never holds them.
import type { Administrator } from "../admin/cluster-access.ts";
import type { Ec2 } from "../host/ec2.ts";
import type { Host } from "../host/host.ts";

/** AWS's default chain finds the keys, by way of this profile. */
export interface ChainOptions {
  readonly region: string;
  readonly profile?: string;
}

/** An administrator who also works on network interfaces. */
export interface EniAdmin extends Administrator {
  readonly ec2: Ec2;
}

/** Loads what `authorize` and `revoke` need. */
export async function loadAdmin(host: Host, { region, profile }: ChainOptions): Promise<Administrator> {
  const [{ createAws }, { createAdminAws }] = await Promise.all([
    import("../host/aws.ts"),
    import("../host/admin-aws.ts"),
  ]);
  return { host, aws: createAws(region, {}), adminAws: createAdminAws(region, profile) };
}

/** Loads what `eni` and `node-name` need. */
export async function loadEniAdmin(host: Host, chain: ChainOptions): Promise<EniAdmin> {
  const { createEc2 } = await import("../host/ec2.ts");
  return { ...(await loadAdmin(host, chain)), ec2: createEc2(chain.region, { profile: chain.profile }) };
}
