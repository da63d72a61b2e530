// The composition root: builds the parts, hands them to each other, starts the loops, waits for the end.
import { ConditionBoard } from "./conditions.ts";
import type { Config } from "./config/schema.ts";
import { SatelliteError } from "./errors.ts";
import { createVersionReader } from "./facts/versions.ts";
import type { Aws } from "./host/aws.ts";
import type { Host } from "./host/host.ts";
import type { Log } from "./log.ts";
import { serveHealth } from "./observe/health-server.ts";
import { watchHealth } from "./observe/health-watch.ts";
import { createNodeApi, type NodeApi } from "./observe/node-api.ts";
import { watchOwnNode } from "./observe/node-watch.ts";
import { createStatus } from "./observe/status.ts";
import { createSystemd } from "./observe/systemd.ts";
import { runPaths, statePaths } from "./plan/paths.ts";
import { AwsSession } from "./supervise/aws-session.ts";
import { ClusterKnowledge } from "./supervise/cluster-knowledge.ts";
import { Converger } from "./supervise/converger.ts";
import { Kubelet } from "./supervise/kubelet.ts";
import { kubeletEnvironment } from "./supervise/kubelet-environment.ts";
import { Loop } from "./supervise/loop.ts";

/** AWS's client is most of the work of a start: on a machine that knows its cluster it waits until kubelet is up. */
const CONFIRM_CLUSTER_MS = 15_000;

/** systemd expects a ping each 90 s (WatchdogSec); a third of that leaves room for two lost ones. */
const WATCHDOG_SECONDS = 30;

export interface AgentOptions {
  readonly host: Host;
  readonly aws: Aws;
  readonly config: Config;
  /** Why the configuration is not the one in the file; undefined when it is. */
  readonly configProblem: unknown;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Makes this machine a node and keeps it one until the signal aborts; kubelet is ended then, pods are not. */
export async function runAgent(
  { host, aws, config, configProblem, log, environment }: AgentOptions,
  signal: AbortSignal,
): Promise<void> {
  const { intervals, node } = config;
  const board = new ConditionBoard(log, host.clock.now);
  const systemd = createSystemd(host, log, environment);
  const versions = createVersionReader(host, statePaths(config.stateFolder).versions);
  if (configProblem === undefined) board.setTrue("ConfigValid", "Valid", "the configuration file is in force");
  else board.setFailed("ConfigValid", configProblem);

  const session = new AwsSession({ host, aws, config, log, board });
  const cluster = new ClusterKnowledge({
    host,
    aws,
    config,
    log,
    board,
    keys: () => session.keys,
    onChange: () => void converging.trigger(),
  });
  const kubelet = new Kubelet({
    host,
    log,
    board,
    processFile: runPaths(config.runFolder).kubeletProcess,
    stopSeconds: config.kubelet.stopSeconds,
    environment: kubeletEnvironment(environment),
    prepare: () => converger.prepareKubelet(),
    onUnauthorized: () => void session.replaceToken(),
  });
  const converger = new Converger({
    host,
    config,
    log,
    board,
    versions,
    cluster: () => cluster.facts,
    onKubelet: (spec) => kubelet.want(spec),
  });
  const api = (): NodeApi | undefined => {
    const { facts } = cluster;
    return facts === undefined || session.token === undefined
      ? undefined
      : createNodeApi({ host, cluster: facts, token: () => bearer(session) });
  };

  // Whether a loop is overdue is asked of the clock that nobody sets: a time that NTP corrects must not look like a hang.
  const now = () => performance.now();
  const loop = (name: string, everySeconds: number, run: () => Promise<void>) =>
    new Loop({ name, everySeconds, run, log, now, random: host.random });
  const describing = loop("cluster", intervals.clusterSeconds, () => cluster.refresh());
  const converging = loop("converge", intervals.convergeSeconds, () => converger.round());
  const refreshing = loop("credentials", intervals.credentialsSeconds, async () => {
    await session.refresh();
    // Keys that have just come, or a first answer that is still missing, are worth a call outside its schedule.
    if (cluster.facts === undefined) await describing.trigger();
  });
  const looking = loop("health", intervals.runtimeSeconds, () =>
    watchHealth({ host, config, board, api, kubelet: () => kubelet.status() }),
  );
  const notifying = loop("systemd", WATCHDOG_SECONDS, async () => {
    if (overdueLoops().length > 0) return; // Without a ping systemd ends us after 90 s and starts us again.
    await systemd.ping();
    await systemd.status(summarize(board));
  });
  const loops = [describing, converging, refreshing, looking, notifying];
  const overdueLoops = () => loops.filter((each) => each.isOverdue()).map(({ name }) => name);

  await host.files.makeFolder(config.stateFolder, 0o700);
  await host.files.makeFolder(config.runFolder, 0o700);
  await Promise.all([session.restore(), cluster.restore()]);
  const firstRound = converging.start(signal);
  void refreshing.start(signal);
  for (const each of [describing, looking, notifying]) each.schedule(signal);
  const startMs = Math.round(performance.now());
  log.info({ node: node.name, ...config.cluster, startMs }, "the agent runs");
  const status = createStatus({ config, board, session, cluster, kubelet, converger, startMs });
  // A node without its health endpoint is worth more than no node.
  await serveHealth(config.health.port, { overdueLoops, status }, log, signal).catch((err) => log.error({ err }));
  void firstRound.then(() => systemd.ready("joining the cluster"));
  // Facts of an earlier run are confirmed when kubelet has had its start; a machine that has none asks with its first keys.
  void host.clock.sleep(CONFIRM_CLUSTER_MS, signal).then(
    () => describing.trigger(),
    () => undefined, // Cut short by the abort.
  );

  await Promise.all([
    kubelet.run(signal),
    watchOwnNode(
      {
        host,
        log,
        board,
        name: node.name,
        api,
        kubeletStartedAtMs: () => kubelet.status().startedAtMs,
        onReady: () => void looking.trigger().then(() => notifying.trigger()),
        onNodeGone: () => kubelet.restart("its Node is gone from the cluster"),
        onUnauthorized: () => session.replaceToken(),
      },
      signal,
    ),
  ]);
  await systemd.stopping();
}

function bearer(session: AwsSession) {
  if (session.token === undefined) throw new SatelliteError("token-missing", "there is no token yet");
  return session.token.value;
}

/** One line: the first root cause, or that all is well. */
function summarize(board: ConditionBoard): string {
  const [cause] = board.rootCauses();
  if (cause !== undefined) return `${cause.type}: ${cause.message}`;
  return board.isTrue("NodeReady") ? board.get("NodeReady").message : "joining the cluster";
}
