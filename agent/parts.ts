// What the daemon is made of, in the order in which data flows. Constructors only: a part is given what it needs, knows no other part,
// and emits what happens to it. loops.ts says when each part works; reactions.ts says what follows from each event.

import { Converger, type ConvergerEvent } from "./apply/converger.ts";
import { KeptFiles } from "./apply/kept-files.ts";
import { ClusterCache, type ClusterEvent, isDescriptionDoubtful } from "./aws/cluster-cache.ts";
import { createBoardReport } from "./board/board-report.ts";
import { CallMetrics } from "./board/call-metrics.ts";
import { type BoardEvent, ConditionBoard } from "./board/conditions.ts";
import { EventRing, type NoticeEvent } from "./board/events.ts";
import { createLogReport } from "./board/log-report.ts";
import { type ConfigEvent, createConfigWatch } from "./config/config-watch.ts";
import { runPaths, statePaths } from "./config/paths.ts";
import type { Config } from "./config/schema.ts";
import { AwsSession, type SessionEvent } from "./credentials/aws-session.ts";
import { SatelliteError } from "./errors.ts";
import { createVersionReader } from "./facts/versions.ts";
import { Fitness } from "./fitness/fitness.ts";
import { type GpuEvent, GpuPart } from "./gpu/gpu-part.ts";
import { criticalGpuConditions } from "./gpu/gpu-report.ts";
import { instrumentAws, instrumentRequests } from "./health/instrumented-clients.ts";
import { ProgramCounts } from "./health/program-counts.ts";
import { createSystemd } from "./health/systemd.ts";
import { History } from "./history/history.ts";
import type { Aws } from "./host/aws.ts";
import type { Host } from "./host/host.ts";
import type { LogOutput } from "./host/log-output.ts";
import { endingCommands } from "./host/replacing.ts";
import type { InstallEvent } from "./install/install-event.ts";
import { Provisioning } from "./install/provisioning.ts";
import { Kubelet, type KubeletEvent } from "./kubelet/kubelet.ts";
import { kubeletEnvironment } from "./kubelet/kubelet-environment.ts";
import { pauseWhenAsked } from "./kubernetes/api-pause.ts";
import { tryConfig } from "./kubernetes/config-trial.ts";
import type { NodeApi } from "./kubernetes/node-api.ts";
import { createNodeApi } from "./kubernetes/node-client.ts";
import type { Log } from "./log.ts";
import { Retry } from "./loop/retry.ts";
import { Carrier } from "./network/carrier/carrier.ts";
import { createNetwork, type NetworkEvent } from "./network/network-parts.ts";
import { criticalPodConditions } from "./network/pods/pod-network-watch.ts";
import { type TunnelEntryEvent, TunnelPart } from "./network/tunnel-part.ts";
import { type HealthEvent, HealthPart } from "./node/health-part.ts";
import { KubeletWatch } from "./node/kubelet-watch.ts";
import { createNodeNameWatch } from "./node/node-name-watch.ts";
import { NodeRecorder } from "./node/node-recorder.ts";
import { NodeReporter } from "./node/node-reporter.ts";
import { createNodeWatch, type NodeWatchEvent } from "./node/node-watch.ts";
import { RuntimeWatch } from "./node/runtime-watch.ts";

/** Everything that can happen in the daemon. */
export type AgentEvent =
  | BoardEvent
  | ClusterEvent
  | ConfigEvent
  | ConvergerEvent
  | GpuEvent
  | HealthEvent
  | InstallEvent
  | KubeletEvent
  | NetworkEvent
  | NodeWatchEvent
  | NoticeEvent
  | SessionEvent
  | TunnelEntryEvent
  /** The first round of convergence has ended, whatever came of it. */
  | { readonly kind: "first-round-ended" };

/** What the parts are built from. */
export interface PartsOptions {
  readonly host: Host;
  readonly aws: Aws;
  /** AWS as another configuration names it. Default: the same. */
  readonly awsFor?: (config: Config) => Aws;
  readonly config: Config;
  readonly configFile: string;
  readonly log: Log;
  /** Where the log goes; its losses are counted. */
  readonly logOutput?: LogOutput | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts this program: its interpreter with arguments, and its file. Without it the machine is not checked. */
  readonly program?: readonly string[] | undefined;
  /** Ends what a part has begun. */
  readonly signal: AbortSignal;
  readonly emit: (event: AgentEvent) => void;
}

export type Parts = ReturnType<typeof createParts>;
type Records = ReturnType<typeof createRecords>;
type Identity = Records & ReturnType<typeof createIdentity>;
type Machine = Identity & ReturnType<typeof createMachine>;
type Node = Machine & ReturnType<typeof createNode> & ReturnType<typeof createNetwork>;

/** Builds every part. Nothing runs yet. */
export function createParts(options: PartsOptions) {
  const records = createRecords(options);
  const identity = { ...records, ...createIdentity(records) };
  const machine = { ...identity, ...createMachine(identity) };
  const node = { ...machine, ...createNode(machine), ...createNetwork(machine) };
  return { ...node, ...createUpkeep(node) };
}

/** What is known: conditions, events, and the calls that are made. */
function createRecords(options: PartsOptions) {
  const { config, log, signal, environment, emit } = options;
  const programs = new ProgramCounts();
  const kept = new KeptFiles(endingCommands(programs.counting(options.host), signal), config);
  const host = kept.host();
  const { now } = host.clock;
  const sleep = (milliseconds: number) => host.clock.sleep(milliseconds, signal);
  const critical = [...criticalGpuConditions(config), ...criticalPodConditions(config)];
  const board = new ConditionBoard({ log, now, sleep, signal, critical, emit });
  const awsCalls = new CallMetrics("aws", "AWS");
  const apiCalls = new CallMetrics("api", "the API server");
  return {
    ...options,
    host,
    kept,
    board,
    verdict: createBoardReport(board),
    logReport: createLogReport(options.logOutput),
    programs,
    events: new EventRing(now),
    history: new History({ host, log, files: statePaths(config.stateFolder) }),
    awsCalls,
    apiCalls,
    aws: instrumentAws(options.aws, awsCalls),
    requests: pauseWhenAsked({ host, requests: instrumentRequests(host, apiCalls), signal }),
    systemd: createSystemd(host, log, environment),
    readConfig: createConfigWatch({
      ...{ host, board, file: options.configFile, config, emit },
      tryConfig: (candidate) => tryConfig(host, options.awsFor?.(candidate) ?? options.aws, candidate),
    }),
  };
}

/** Who this node is to AWS and to the cluster, and which cluster that is. */
function createIdentity(records: Records) {
  const { host, aws, config, log, board, emit, requests } = records;
  const session = new AwsSession({ host, aws, config, log, board, emit });
  const cluster = new ClusterCache({ host, aws, config, log, board, emit, keys: () => session.keys });
  const api = (): NodeApi | undefined => {
    const { facts } = cluster;
    if (facts === undefined || session.token === undefined) return undefined;
    return createNodeApi({ host: requests, cluster: facts, token: () => currentToken(session) });
  };
  return {
    session,
    cluster,
    /** DescribeCluster outside its schedule. Without keys it cannot be called. */
    clusterRetry: new Retry({
      host,
      isNeeded: () => session.keys !== undefined && (cluster.facts === undefined || isDescriptionDoubtful(board)),
    }),
    /** The API server; undefined while the cluster or the token is not known. */
    api,
  };
}

/** What this machine is made to be. */
function createMachine(identity: Identity) {
  const { host, config, log, board, emit, signal, environment, cluster, kept, api } = identity;
  const versions = createVersionReader(host, statePaths(config.stateFolder).versions);
  const facts = () => cluster.facts;
  const carrier = new Carrier();
  const tunnel = new TunnelPart({
    host,
    config,
    log,
    board,
    emit,
    api,
    cluster: facts,
    carrier: () => carrier.gateway,
  });
  const converger = new Converger({
    ...{ host, config, log, board, emit, signal, versions, kept, cluster: facts, tunnel: () => tunnel.facts() },
  });
  const kubelet = new Kubelet({
    ...{ host, log, board, emit },
    processFile: runPaths(config.runFolder).kubeletProcess,
    dumpFile: runPaths(config.runFolder).kubeletGoroutines,
    stopSeconds: config.kubelet.stopSeconds,
    environment: kubeletEnvironment(environment),
    prepare: () => converger.prepareKubelet(),
  });
  return { tunnel, carrier, converger, kubelet };
}

/** What the cluster sees of it. */
function createNode(machine: Machine) {
  const { host, config, log, board, emit, signal, api, converger, kubelet } = machine;
  const { name } = config.node;
  return {
    gpu: new GpuPart({ host, config, log, board, emit, signal, api, containerd: () => converger.facts?.containerd }),
    reporter: new NodeReporter({ host, log, board, name, api }),
    nodeName: { round: createNodeNameWatch({ host, board, config, file: machine.configFile }) },
    nodeRecorder: new NodeRecorder({ host, config, log, emit }),
    nodeWatch: createNodeWatch({
      ...{ host, log, board, emit, name, api },
      kubeletAgeMs: () => kubelet.state.ageMs,
    }),
  };
}

/** What keeps all of it well. */
function createUpkeep(node: Node) {
  const { host, config, log, board, emit, signal, environment, api, session, cluster, converger, kubelet, nodeWatch } =
    node;
  const runtime = new RuntimeWatch({ host, config, log, board, emit });
  return {
    runtime,
    provisioning: new Provisioning({
      ...{ host, config, log, board, emit, signal, environment },
      cluster: () => cluster.facts,
      tunnelNeeds: () => node.tunnel.needs(),
      kubeletVersion: () => converger.facts?.kubeletVersion,
      nodeVersion: () => nodeWatch.version(),
      kubeletExits: () => kubelet.state.restartsByReason.exited ?? 0,
    }),
    health: new HealthPart({
      ...{ host, config, board, api, runtime },
      kubelet: () => kubelet.state,
      kubeletWatch: new KubeletWatch({
        ...{ host, board, log, kubelet: () => kubelet.state },
        restartKubelet: (reason) => kubelet.restart(reason),
      }),
      endpoint: () => cluster.facts?.endpoint,
      facts: () => converger.facts,
      keys: () => session.keys,
      emit,
    }),
    fitness: new Fitness({
      ...{ host, config, configFile: node.configFile, log, board, emit, signal, api, program: node.program },
      driver: () => node.gpu.view()?.facts.driverVersion,
    }),
    /** A comparison of the clock outside its schedule. */
    clockRetry: new Retry({ host, isNeeded: () => board.isFailing("ClockInSync") }),
  };
}

function currentToken(session: AwsSession) {
  if (session.token === undefined) throw new SatelliteError("token-missing", "there is no token yet");
  return session.token.value;
}
