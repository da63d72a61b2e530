// The document behind /status: what the node knows of itself, without secrets.
import type { ConditionBoard } from "../conditions.ts";
import type { Config } from "../config/schema.ts";
import type { AwsSession } from "../supervise/aws-session.ts";
import type { ClusterKnowledge } from "../supervise/cluster-knowledge.ts";
import type { Converger } from "../supervise/converger.ts";
import type { Kubelet } from "../supervise/kubelet.ts";
import { VERSION } from "../version.ts";

export interface StatusSources {
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly session: AwsSession;
  readonly cluster: ClusterKnowledge;
  readonly kubelet: Kubelet;
  readonly converger: Converger;
  /** How long this process took from its start to its loops running, milliseconds. */
  readonly startMs: number;
}

/** Returns what renders the document anew at each call. Times are ISO 8601. */
export function createStatus({
  config,
  board,
  session,
  cluster,
  kubelet,
  converger,
  startMs,
}: StatusSources): () => object {
  return () => {
    const { facts } = converger;
    const { startedAtMs, ...process } = kubelet.status();
    return {
      version: VERSION,
      startMs,
      node: {
        name: config.node.name,
        architecture: facts?.machine.architecture,
        operatingSystem: facts?.machine.operatingSystem,
      },
      cluster: {
        ...config.cluster,
        endpoint: cluster.facts?.endpoint,
        version: cluster.facts?.version,
        describedAt: isoTime(cluster.facts?.fetchedAtMs),
      },
      conditions: board.list().map(({ sinceMs, ...condition }) => ({ ...condition, since: isoTime(sinceMs) })),
      rootCauses: board.rootCauses().map(({ type }) => type),
      credentials: {
        keysExpireAt: isoTime(session.keys?.expiresAtMs),
        tokenExpiresAt: isoTime(session.token?.expiresAtMs),
      },
      kubelet: { version: facts?.kubeletVersion, ...process, startedAt: isoTime(startedAtMs) },
      containerd: { version: facts?.containerd?.version },
      converge: converger.figures,
    };
  };
}

function isoTime(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}
