// AWS's and Kubernetes' clients for an administrator's commands, loaded when such a command runs: the daemon never holds them.
import type { Administrator } from "../admin/cluster-access.ts";
import type { GatewayAdmin } from "../admin/gateway/read.ts";
import { SatelliteError } from "../errors.ts";
import type { AwsKeys } from "../host/aws.ts";
import type { Ec2 } from "../host/ec2.ts";
import type { AdminKubernetes } from "../host/kubernetes-admin.ts";
import type { KubernetesAccess } from "../host/kubernetes-client/client.ts";
import type { LaptopHost } from "../host/laptop/types.ts";
import { proxyFor } from "../host/proxy.ts";
import { optional } from "../optional.ts";

/** AWS's default chain finds the keys, by way of this profile. */
export interface ChainOptions {
  readonly region: string;
  readonly profile?: string;
}

/** What `authorize` and `revoke` say of the API server. */
export interface KubernetesOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** An administrator who also works on network interfaces. */
export interface EniAdmin extends Administrator {
  readonly ec2: Ec2;
}

/** Loads what `authorize` and `revoke` need. @throws options-invalid */
export async function loadAdmin(
  host: LaptopHost,
  { region, profile, kubeconfig: file, context }: ChainOptions & KubernetesOptions,
): Promise<Administrator> {
  if (file === undefined && context !== undefined)
    throw new SatelliteError("options-invalid", "--context needs --kubeconfig", {
      hint: "--context names a context in the file that --kubeconfig names.",
    });
  const [{ createAws }, { createAdminAws }] = await Promise.all([
    import("../host/aws.ts"),
    import("../host/admin-aws.ts"),
  ]);
  return {
    host,
    aws: createAws(region, {}),
    adminAws: createAdminAws(region, profile),
    openKubernetes,
    kubeconfig: file === undefined ? undefined : { file, ...optional({ context }) },
  };
}

/** Reads the keys alone. Neither EKS nor IAM is asked, so neither client is loaded: kubectl waits for a token. */
export async function readChainKeys({ region, profile }: ChainOptions): Promise<AwsKeys> {
  const { createKeyChain, readChain } = await import("../host/key-chain.ts");
  return readChain(createKeyChain(region, profile));
}

/** Kubernetes' client is 2 MB of code, in a file of its own: not every change needs it. */
async function openKubernetes(access: KubernetesAccess): Promise<AdminKubernetes> {
  const { createAdminKubernetes } = await import("../host/kubernetes-admin.ts");
  return createAdminKubernetes(access, proxyFor);
}

/** Loads what `eni` and `node-name` need. */
export async function loadEniAdmin(host: LaptopHost, chain: ChainOptions): Promise<EniAdmin> {
  const { createEc2 } = await import("../host/ec2.ts");
  return { ...(await loadAdmin(host, chain)), ec2: createEc2(chain.region, { profile: chain.profile }) };
}

/** Loads what `gateway` needs. */
export async function loadGatewayAdmin(
  host: LaptopHost,
  chain: ChainOptions & KubernetesOptions,
): Promise<GatewayAdmin> {
  const { createGatewayAws } = await import("../host/gateway-aws/gateway-aws.ts");
  return { ...(await loadAdmin(host, chain)), gatewayAws: createGatewayAws(chain.region, chain.profile) };
}
