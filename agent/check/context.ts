// What several checks need is read once: keys, the cluster, a token, the daemon's own answer.

import { type ClusterFacts, readCachedCluster, readCluster } from "../aws/cluster.ts";
import { healthUrl } from "../config/health-schema.ts";
import { type LocalConfig, localDefaults } from "../config/machine-config.ts";
import { statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { readSourceKeys } from "../credentials/credential-source.ts";
import { readSessionKeys } from "../credentials/credentials.ts";
import { type EksToken, mintEksToken } from "../credentials/eks-token.ts";
import { type Aws, createAws, type SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";

export interface CheckContext {
  readonly host: Host;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts this program again; undefined where it cannot be. */
  readonly program: readonly string[] | undefined;
  readonly config: Config | undefined;
  /** Path of the configuration. */
  readonly configFile: string;
  /** The configuration of this machine, or the defaults. */
  readonly local: LocalConfig;
  /** Why there is no configuration, or why it is not the one in the file. */
  readonly configProblem: unknown;
  /** Keys of the configured source. */
  readonly sourceKeys: () => Promise<SessionKeys>;
  /** Keys of the node's identity, after AssumeRole. */
  readonly keys: () => Promise<SessionKeys>;
  /** ARN of the identity that AWS sees in those keys. */
  readonly caller: () => Promise<string>;
  /** DescribeCluster's current answer. */
  readonly cluster: () => Promise<ClusterFacts>;
  /** The last good answer, or else the current one. */
  readonly knownCluster: () => Promise<ClusterFacts>;
  readonly token: () => Promise<EksToken>;
  /** What the daemon answers to /readyz, or undefined when none runs. */
  readonly daemon: () => Promise<{ readonly status: number; readonly body: string } | undefined>;
}

export interface ContextOptions {
  readonly host: Host;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly config: Config | undefined;
  readonly configFile: string;
  readonly configProblem: unknown;
  readonly aws?: Aws;
  readonly program?: readonly string[];
}

const DAEMON_TIMEOUT_SECONDS = 2;

/** Creates the context of one run. */
export function createContext(options: ContextOptions): CheckContext {
  const { host, environment, program, config, configFile, configProblem, aws } = options;
  const local = config ?? localDefaults();
  const present = () => {
    if (config === undefined) throw configProblem;
    return config;
  };
  const client = once(() => aws ?? createAws(present().cluster.region, present().aws.endpoints));
  const sourceKeys = once(async () => readSourceKeys(host, present()));
  const keys = once(async () => readSessionKeys(host, client(), present()));
  const cluster = once(async () => readCluster(client(), await keys(), present().cluster, host.clock.now()));
  const knownCluster = once(async () => {
    const path = statePaths(present().stateFolder).cluster;
    const cached = await readCachedCluster(host, path, present().cluster).catch(() => undefined); // Not root: EKS is asked instead.
    return cached ?? cluster();
  });
  return {
    ...{
      host,
      environment,
      program,
      config,
      configFile,
      local,
      configProblem,
      sourceKeys,
      keys,
      cluster,
      knownCluster,
    },
    caller: once(async () => client().getCallerIdentity(await keys())),
    token: once(async () => mintEksToken(await keys(), present().cluster, host.clock.now())),
    daemon: once(async () => {
      const url = healthUrl(local.health, "/readyz");
      return host.fetch({ url, timeoutSeconds: DAEMON_TIMEOUT_SECONDS }).catch(() => undefined); // No answer: no daemon runs.
    }),
  };
}

function once<T>(read: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
}
