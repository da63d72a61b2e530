// What the plan needs to know of this node's tunnel, put together from its entry, its key and the machine's own network.
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { hasLocalAddress, type KeptSurroundings, readSurroundings } from "../facts/tunnel/surroundings.ts";
import type { TunnelFacts } from "../facts/tunnel/tunnel-facts.ts";
import type { Host } from "../host/host.ts";
import { readCarrier } from "./carrier/carrier.ts";
import { addressOf, type ResolvedEndpoints, resolveEndpoints } from "./endpoints.ts";
import { readPublicKey } from "./key-file.ts";
import { findStuckRotation } from "./rotation/next-key.ts";
import { readSavedEntry } from "./saved-entry.ts";
import { entryOfConfig, type TunnelEntry } from "./tunnel-entry.ts";

export interface TunnelSources {
  readonly entry: TunnelEntry;
  readonly resolved: ResolvedEndpoints;
  /** The name of the gateway that the watch has chosen; undefined before it has. */
  readonly carrier?: string | undefined;
  /** What DescribeCluster says; undefined while the cluster is not known. */
  readonly serviceCidr: string | undefined;
  /** @throws tunnel-key-invalid, tunnel-key-exposed, … */
  readonly publicKey: () => Promise<string>;
  /** For a reader that asks each round. */
  readonly kept?: KeptSurroundings;
  /** What is wrong with what the cluster says. */
  readonly problem: SatelliteError | undefined;
}

/** Composes the facts of a node that has an entry. A key that cannot be used leaves what is there as it is. */
export async function composeTunnelFacts(host: Host, sources: TunnelSources): Promise<TunnelFacts> {
  const { entry, resolved, publicKey, problem } = sources;
  const { address, pods, isKeyPinned, vpcCidrs, remoteNetworks } = entry;
  const serviceCidr = entry.serviceCidr ?? sources.serviceCidr;
  if (serviceCidr === undefined) return { kind: "waiting" };
  try {
    const gateways = entry.gateways.map((gateway) => ({
      ...gateway,
      resolved: addressOf(gateway.endpoint, resolved),
    }));
    const key = await publicKey();
    const carrier = sources.carrier ?? (await readCarrier(host, entry));
    return {
      kind: "wanted",
      tunnel: { address, pods, isKeyPinned, vpcCidrs, remoteNetworks, serviceCidr, gateways, carrier, publicKey: key },
      surroundings: await (sources.kept?.read(host) ?? readSurroundings(host)),
      problem: problem ?? findGap(gateways) ?? (await findStuckRotation(host)),
    };
  } catch (error) {
    if (!(error instanceof SatelliteError)) throw error;
    return { kind: "damaged", problem: error, address: (await hasLocalAddress(host, address)) ? address : undefined };
  }
}

/**
 * The facts as a command reads them beside the daemon: nothing is asked of the cluster, and no key is made. Undefined: the daemon has not
 * asked yet.
 */
export async function readTunnelFacts(
  host: Host,
  config: Config,
  serviceCidr: string | undefined,
): Promise<TunnelFacts | undefined> {
  const { mode } = config.network.tunnel;
  if (mode === "off") return { kind: "none", reason: "NotUsed", message: "network.tunnel.mode is off" };
  const entry = mode === "static" ? entryOfConfig(config) : undefined;
  const saved = entry === undefined ? await readSavedEntry(host, config) : undefined;
  if (entry === undefined && saved === undefined) return undefined;
  const wanted = entry ?? saved?.entry;
  if (wanted === undefined)
    return { kind: "none", reason: "NoEntry", message: "the cluster has no entry for this node" };
  const endpoints = wanted.gateways.map(({ endpoint }) => endpoint);
  return composeTunnelFacts(host, {
    ...{ entry: wanted, serviceCidr, problem: undefined },
    resolved: await resolveEndpoints(host, endpoints, saved?.resolved ?? {}),
    publicKey: async () => (await readPublicKey(host)) ?? "(of a key that is made then)",
  });
}

/** Why there is no peer, or not every one. */
function findGap(
  gateways: readonly { readonly name: string; readonly endpoint: string; readonly resolved: string | undefined }[],
): SatelliteError | undefined {
  if (gateways.length === 0)
    return new SatelliteError(
      "tunnel-gateway-missing",
      "this node has an entry for a tunnel, and the cluster names no gateway",
      {
        hint: "An administrator: eks-satellite gateway check. A gateway that runs writes itself into the ConfigMap eks-satellite-gateways in kube-system.",
      },
    );
  const lost = gateways.find(({ resolved }) => resolved === undefined);
  if (lost === undefined) return undefined;
  return new SatelliteError(
    "tunnel-endpoint-unresolved",
    `the name in ${lost.endpoint}, the endpoint of gateway ${lost.name}, has no address`,
    {
      hint: `getent hosts ${lost.endpoint.slice(0, lost.endpoint.lastIndexOf(":"))}; it is tried again every minute.`,
    },
  );
}
