// Questions through the tunnel: the gateway's health, and the API server's addresses behind it. Each is bounded in size and time.
import type { ClusterFacts } from "../../aws/cluster.ts";
import { networkProblemOf } from "../../aws/network-error.ts";
import { isInNetworks } from "../../facts/remote-network.ts";
import type { Host } from "../../host/host.ts";
import { type GatewayHealth, type Reach, readGatewayHealth } from "../../tunnel/health.ts";
import { GATEWAY_HEALTH_PORT } from "../../tunnel/names.ts";
import type { ApiServerReach, GatewayAnswer } from "./watched-tunnel.ts";

const TIMEOUT_SECONDS = 3;
/** Sixteen API servers and 32 problems of 1,000 characters, as tunnel/health.ts bounds them. */
const MAX_HEALTH_BYTES = 64 * 1024;
const MAX_LIVEZ_BYTES = 64 * 1024;
/** EKS has two; more are none of its habit. */
const MAX_API_SERVERS = 4;
const HTTPS_PORT = 443;

type ApiServer = Pick<ClusterFacts, "endpoint" | "caPem">;

/** Asks the gateway for what it sees. */
export async function askGateway(host: Host, address: string): Promise<GatewayAnswer> {
  const beganMs = host.clock.monotonic();
  try {
    const { body } = await host.fetch({
      url: `http://${address}:${GATEWAY_HEALTH_PORT}/healthz`,
      connectTo: address,
      timeoutSeconds: TIMEOUT_SECONDS,
      maxBytes: MAX_HEALTH_BYTES,
    });
    const health = readGatewayHealth(body);
    if (health === undefined) return { kind: "foreign" };
    return { kind: "answered", health, latencyMs: host.clock.monotonic() - beganMs };
  } catch (error) {
    // A gateway closes the connection of an address that it does not know.
    return { kind: networkProblemOf(error) === "refused" ? "refused" : "silent" };
  }
}

/**
 * Connects to the API server's addresses that the gateway names; to the one whose `turn` it is with TLS and the cluster's CA, which costs
 * ten times as much. Without a turn all of them are asked so, and with `"none"` not one. Only addresses of the VPC are tried.
 */
export function askApiServers(
  host: Host,
  { apiServers }: GatewayHealth,
  vpcCidrs: readonly string[],
  cluster: ApiServer | undefined,
  turn?: number | "none",
): Promise<readonly ApiServerReach[]> {
  const asked = apiServers.slice(0, MAX_API_SERVERS);
  return Promise.all(
    asked.map(async ({ address, reach: fromGateway }, index) => {
      if (cluster === undefined || !isInNetworks(address, vpcCidrs))
        return { address, fromGateway, fromHere: undefined };
      const isTurn = turn === undefined || (turn !== "none" && turn % asked.length === index);
      const fromHere = await (isTurn ? askApiServer : reachApiServer)(host, address, cluster);
      return { address, fromGateway, fromHere };
    }),
  );
}

/** Connects, and no more. */
export function reachApiServer(host: Host, address: string, { endpoint }: ApiServer): Promise<Reach> {
  const { port } = new URL(endpoint);
  return host.reach(address, Number(port || HTTPS_PORT), TIMEOUT_SECONDS);
}

/** Any answer will do: who may ask is another question. */
async function askApiServer(
  host: Host,
  address: string,
  { endpoint, caPem }: ApiServer,
): Promise<ApiServerReach["fromHere"]> {
  const url = new URL("/livez", endpoint).href;
  try {
    await host.fetch({
      ...{ url, caPem, connectTo: address },
      timeoutSeconds: TIMEOUT_SECONDS,
      maxBytes: MAX_LIVEZ_BYTES,
    });
    return "ok";
  } catch (error) {
    const problem = networkProblemOf(error);
    if (problem === "certificate") return "foreign";
    return problem === "refused" ? "refused" : "silent";
  }
}
