// Three things that are known only when they are checked: the runtime's health, kubelet's, and whether its serving certificate is signed.
import { X509Certificate } from "node:crypto";
import type { ConditionBoard } from "../board/conditions.ts";
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { NodeFacts } from "../facts/node-facts.ts";
import { findRemoteNetworkProblem } from "../facts/remote-network.ts";
import type { Host } from "../host/host.ts";
import { servesElsewhere } from "../kubelet/serving-certificates.ts";
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
  const certificate = pem === undefined ? undefined : readCertificate(pem);
  await reportServingCertificate(options, certificate);
  return endMsOf(certificate);
}

async function reportServingCertificate(
  options: HealthWatchOptions,
  certificate: X509Certificate | undefined,
): Promise<void> {
  const { config, board, api, kubelet } = options;
  const fault = findFault(options, certificate);
  if (fault === undefined) {
    const until = new Date(endMsOf(certificate) ?? 0).toISOString();
    return board.setTrue("ServingCertificateSigned", "Signed", `kubelet's serving certificate is good until ${until}`);
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
      `kubelet's serving certificate ${fault}; its request is ${request ?? "not filed"}`,
      {
        hint: "kubectl get csr, then kubectl certificate approve NAME; kubectl logs and exec fail until then. EKS approves by itself when the request names the Node's own addresses.",
      },
    ),
  );
}

/** Reads after "kubelet's serving certificate"; undefined where it serves. */
function findFault(options: HealthWatchOptions, certificate: X509Certificate | undefined): string | undefined {
  const endMs = endMsOf(certificate);
  // A date that is none makes no certificate good.
  if (certificate === undefined || endMs === undefined || !(endMs > options.host.clock.now())) return "is not signed";
  const address = findAddress(options);
  const others = servesElsewhere(certificate, address);
  return others && `is for ${others.join(" and ")}, and not for the node's address ${address}`;
}

/** The node's, as kubelet was given it; undefined before the first round. */
function findAddress({ config, facts }: HealthWatchOptions): string | undefined {
  const { cluster, machine, tunnel } = facts() ?? {};
  if (cluster === undefined || machine === undefined) return undefined;
  return nodeAddress(config, machine, cluster.ipFamily, tunnelAddress(tunnel, cluster.ipFamily));
}

/** Why EKS will not sign: known without asking the API server. */
function findOutside(options: HealthWatchOptions): SatelliteError | undefined {
  const { config, facts } = options;
  const { cluster, machine } = facts() ?? {};
  if (config.node.identity !== "hybrid" || cluster === undefined || machine === undefined) return undefined;
  return findRemoteNetworkProblem(cluster, findAddress(options));
}

/** The certificate that was read last: it is the same for months, and is looked at each round. */
let lastRead: { readonly pem: string; readonly certificate: X509Certificate | undefined } | undefined;

function readCertificate(pem: string): X509Certificate | undefined {
  if (lastRead?.pem !== pem) lastRead = { pem, certificate: parseCertificate(pem) };
  return lastRead.certificate;
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined; // A damaged certificate serves no better than none.
  }
}

function endMsOf(certificate: X509Certificate | undefined): number | undefined {
  return certificate && Date.parse(certificate.validTo);
}
