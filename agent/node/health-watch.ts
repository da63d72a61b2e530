// Three things that are known only when they are checked: the runtime's health, kubelet's, and whether its serving certificate is signed.
import { X509Certificate } from "node:crypto";
import type { ConditionBoard } from "../board/conditions.ts";
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { NodeFacts } from "../facts/node-facts.ts";
import { findRemoteNetworkProblem } from "../facts/remote-network.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi } from "../kubernetes/node-api.ts";
import { nodeAddress } from "../plan/kubelet-flags.ts";
import { tunnelAddress } from "../plan/tunnel/tunnel-plan.ts";
import { KubeletWatch } from "./kubelet-watch.ts";
import { RuntimeWatch } from "./runtime-watch.ts";

/** What kubelet and the cluster get from kubelet's start to a signed serving certificate. */
const SIGNING_GRACE_MS = 60_000;

export interface HealthWatchOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly api: () => NodeApi | undefined;
  /** As of the last round of convergence; undefined before the first. */
  readonly facts: () => NodeFacts | undefined;
  /** Remembers what the runtime said before; a new one by default. */
  readonly runtime?: RuntimeWatch;
  /** Remembers how long kubelet has not answered; a new one by default. */
  readonly kubeletWatch?: KubeletWatch;
  readonly kubelet: () => { readonly pid: number | undefined; readonly ageMs: number | undefined };
}

/** Checks each of the three once, and sets its condition; returns when the serving certificate ends, milliseconds since the epoch. */
export async function watchHealth(options: HealthWatchOptions): Promise<number | undefined> {
  const certificate = watchServingCertificate(options);
  const runtime = options.runtime ?? new RuntimeWatch(options);
  const kubelet = options.kubeletWatch ?? new KubeletWatch(options);
  await Promise.all([runtime.round(), kubelet.round(), certificate]);
  return certificate;
}

async function watchServingCertificate(options: HealthWatchOptions): Promise<number | undefined> {
  const pem = await options.host.files.read(PATHS.servingCertificate);
  const expiresAtMs = pem === undefined ? undefined : readEndMs(pem);
  await reportServingCertificate(options, expiresAtMs);
  return expiresAtMs;
}

async function reportServingCertificate(options: HealthWatchOptions, expiresAtMs: number | undefined): Promise<void> {
  const { host, config, board, api, kubelet } = options;
  if (expiresAtMs !== undefined && expiresAtMs > host.clock.now()) {
    return board.setTrue(
      "ServingCertificateSigned",
      "Signed",
      `kubelet's serving certificate is good until ${new Date(expiresAtMs).toISOString()}`,
    );
  }
  if (!board.isTrue("NodeReady")) return;
  // kubelet files its request some seconds after its start, and its approver takes some more.
  if ((kubelet().ageMs ?? 0) < SIGNING_GRACE_MS) {
    board.setUnknown("ServingCertificateSigned", "Requested", "kubelet's serving certificate is not signed yet");
    return;
  }
  const outside = findOutside(options);
  if (outside !== undefined) return board.setFailed("ServingCertificateSigned", outside);
  const request = await api()
    ?.readServingRequest(config.node.name)
    .catch(() => undefined); // ApiReachable reports an API server that is away.
  board.setFailed(
    "ServingCertificateSigned",
    new SatelliteError(
      "serving-certificate-unsigned",
      `kubelet's serving certificate is not signed; its request is ${request ?? "not filed"}`,
      {
        hint: "kubectl get csr, then kubectl certificate approve NAME; kubectl logs and exec fail until then. EKS approves by itself when the request names the Node's own addresses.",
      },
    ),
  );
}

/** Why EKS will not sign: known without asking the API server. */
function findOutside({ config, facts }: HealthWatchOptions): SatelliteError | undefined {
  const { cluster, machine, tunnel } = facts() ?? {};
  if (config.node.identity !== "hybrid" || cluster === undefined || machine === undefined) return undefined;
  return findRemoteNetworkProblem(
    cluster,
    nodeAddress(config, machine, cluster.ipFamily, tunnelAddress(tunnel, cluster.ipFamily)),
  );
}

/** The certificate that was read last: it is the same for months, and is looked at each round. */
let lastRead: { readonly pem: string; readonly endMs: number | undefined } | undefined;

function readEndMs(pem: string): number | undefined {
  if (lastRead?.pem === pem) return lastRead.endMs;
  lastRead = { pem, endMs: parseEndMs(pem) };
  return lastRead.endMs;
}

function parseEndMs(pem: string): number | undefined {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return undefined; // A damaged certificate serves no better than none.
  }
}
