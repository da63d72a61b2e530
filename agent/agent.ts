// The composition root: builds the parts, hands them to each other, starts the loops, waits for the end.

import { Converger } from "./apply/converger.ts";
import { ClusterCache, isDescriptionDoubtful } from "./aws/cluster-cache.ts";
import { CallMetrics } from "./board/call-metrics.ts";
import type { ConditionType } from "./board/condition-types.ts";
import { ConditionBoard } from "./board/conditions.ts";
import { EventRing } from "./board/events.ts";
import { readVerdict } from "./board/verdict.ts";
import { createConfigWatch } from "./config/config-watch.ts";
import { runPaths, statePaths } from "./config/paths.ts";
import type { Config } from "./config/schema.ts";
import { AwsSession } from "./credentials/aws-session.ts";
import { SatelliteError } from "./errors.ts";
import { createVersionReader } from "./facts/versions.ts";
import { GpuPart } from "./gpu/gpu-part.ts";
import { criticalGpuConditions } from "./gpu/gpu-report.ts";
import { startEndpoint } from "./health/endpoint.ts";
import { instrumentAws, instrumentRequests } from "./health/instrumented-clients.ts";
import { createSystemd, watchdogPeriodSeconds } from "./health/systemd.ts";
import type { Aws } from "./host/aws.ts";
import type { Host } from "./host/host.ts";
import { Provisioning } from "./install/provisioning.ts";
import { Kubelet } from "./kubelet/kubelet.ts";
import { kubeletEnvironment } from "./kubelet/kubelet-environment.ts";
import { createNodeApi, type NodeApi } from "./kubernetes/node-api.ts";
import type { Log } from "./log.ts";
import { Loop } from "./loop/loop.ts";
import { createRetry } from "./loop/retry.ts";
import { watchHealth } from "./node/health-watch.ts";
import { reportImagePulls } from "./node/image-pulls.ts";
import { watchClock, watchMachine } from "./node/machine-watch.ts";
import { NodeReporter } from "./node/node-reporter.ts";
import { createNodeWatch } from "./node/node-watch.ts";

/** AWS's client is most of the work of a start: on a machine that knows its cluster it waits until kubelet is up. */
const CONFIRM_CLUSTER_MS = 15_000;

/** Shorter than any time for which a condition holds. */
const LOOK_AGAIN_MS = 5000;

export interface AgentOptions {
  readonly host: Host;
  readonly aws: Aws;
  readonly config: Config;
  /** Why the configuration is not the one in the file; undefined when it is. */
  readonly configProblem: unknown;
  readonly configFile: string;
  /** The file says something else now, and it is valid: end, and run on it. */
  readonly onConfigChange: () => void;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Makes this machine a node and keeps it one until the signal aborts; kubelet is ended then, pods are not. */
export async function runAgent(
  { host, aws, config, configProblem, configFile, onConfigChange, log, environment }: AgentOptions,
  signal: AbortSignal,
): Promise<void> {
  const { intervals, node } = config;
  const events = new EventRing(host.clock.now);
  const board = new ConditionBoard({
    log,
    now: host.clock.now,
    sleep: (milliseconds) => host.clock.sleep(milliseconds, signal),
    critical: criticalGpuConditions(config),
    onChange: (condition, isRootCause) => {
      const { status, reason, type, message } = condition;
      events.record(isRootCause ? "Warning" : "Normal", status === "True" ? type : reason, message);
      reporter.noteChange(condition, isRootCause);
      if (isRootCause || type === "NodeReady") void reporting.trigger();
    },
    onPending: (type) => lookAgain(type),
  });
  const tell = (type: "Normal" | "Warning", reason: string, message: string) => {
    events.record(type, reason, message);
    reporter.note(type, reason, message);
  };
  const awsCalls = new CallMetrics();
  const apiCalls = new CallMetrics();
  const systemd = createSystemd(host, log, environment);
  const versions = createVersionReader(host, statePaths(config.stateFolder).versions);

  const instrumentedAws = instrumentAws(aws, awsCalls);
  const session = new AwsSession({ host, aws: instrumentedAws, config, log, board });
  const cluster = new ClusterCache({
    host,
    aws: instrumentedAws,
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
    onUnauthorized: () => {
      void session.replaceToken();
      nodeWatch.lookAgain();
    },
    onApiTrouble: () => nodeWatch.lookAgain(),
  });
  const converger = new Converger({
    host,
    config,
    log,
    board,
    versions,
    cluster: () => cluster.facts,
    onRepair: (resource) => {
      const words = `${resource} was changed by somebody else and was put back`;
      log.warn({ resource }, words);
      tell("Warning", "Repaired", words);
    },
    onKubelet: (spec) => kubelet.want(spec),
  });
  const requests = instrumentRequests(host, apiCalls);
  const api = (): NodeApi | undefined => {
    const { facts } = cluster;
    return facts === undefined || session.token === undefined
      ? undefined
      : createNodeApi({ host: requests, cluster: facts, token: () => bearer(session) });
  };

  const gpus = new GpuPart({
    ...{ host, config, board, log, api, signal, tell, containerd: () => converger.facts?.containerd },
    onSetupChange: (words) => events.record("Normal", "GpuRuntimeChanged", words),
  });
  const reporter = new NodeReporter({ host, log, board, name: node.name, api });
  const nodeWatch = createNodeWatch({
    ...{ host, log, board, name: node.name, api },
    kubeletStartedAtMs: () => kubelet.status().startedAtMs,
    onSeen: (seenNode) => gpus.see(seenNode),
    onReady: () => void looking.trigger().then(() => notifying.trigger()),
    onNodeGone: () => {
      reporter.forget();
      gpus.forgetNode();
      events.record("Warning", "NodeMissing", `Node ${node.name} is gone from the cluster; kubelet registers it again`);
      kubelet.restart("node-gone");
    },
    onUnauthorized: () => session.replaceToken(),
  });

  // Whether a loop is overdue is asked of the clock that nobody sets: a time that NTP corrects must not look like a hang.
  const now = () => performance.now();
  const loop = (name: string, everySeconds: number, run: () => Promise<void>) =>
    new Loop({ name, everySeconds, run, log, now, random: host.random });
  const describing = loop("cluster", intervals.clusterSeconds, () => cluster.refresh());
  const describeAgain = createRetry({
    host,
    isNeeded: () => isDescriptionDoubtful(board),
    run: () => describing.trigger(),
  });
  const converging = loop("converge", intervals.convergeSeconds, () => converger.round());
  const refreshing = loop("credentials", intervals.credentialsSeconds, async () => {
    await session.refresh();
    // Keys that have just come, or a first answer that is still missing, are worth a call outside its schedule.
    if (cluster.facts === undefined) await describing.trigger();
    else await describeAgain();
    await timeAgain();
  });
  const machine = { host, config, board, endpoint: () => cluster.facts?.endpoint };
  let servingCertificateExpiresAtMs: number | undefined;
  const looking = loop("health", intervals.runtimeSeconds, async () => {
    [servingCertificateExpiresAtMs] = await Promise.all([
      watchHealth({ host, config, board, api, kubelet: () => kubelet.status() }),
      watchMachine(machine),
    ]);
    if (converger.facts !== undefined)
      board.set("ImagePullsConfigured", reportImagePulls(config, converger.facts, session.keys));
  });
  const watchingGpus = loop("gpu", intervals.runtimeSeconds, () => gpus.round());
  const provisioning = new Provisioning({
    ...{ host, config, board, log, environment, signal },
    cluster: () => cluster.facts,
    kubeletVersion: () => converger.facts?.kubeletVersion,
    nodeVersion: () => nodeWatch.version(),
    kubeletExits: () => kubelet.status().restartsByReason.exited ?? 0,
    onChange: () => void converging.trigger(),
    tell,
  });
  const provisioningLoop = loop("supplies", intervals.runtimeSeconds, () => provisioning.round());
  const timing = loop("clock", intervals.clusterSeconds, () => watchClock(machine));
  const timeAgain = createRetry({
    host,
    isNeeded: () => board.isFailing("ClockInSync"),
    run: () => timing.trigger(),
  });
  const reading = loop(
    "config",
    intervals.convergeSeconds,
    createConfigWatch({ host, board, file: configFile, config, onChange: onConfigChange }),
  );
  const reporting = loop("report", intervals.runtimeSeconds, () => reporter.report());
  const notifying = loop("systemd", watchdogPeriodSeconds(environment), async () => {
    if (overdueLoops().length > 0) return; // Without a ping systemd ends us, and starts us again.
    await systemd.ping();
    await systemd.status(readVerdict(board).summary);
  });
  // Its cause may be one that nobody has looked for yet; and what has mended itself must be seen before its time is up.
  const lookAgain = (type: ConditionType) => {
    void looking.trigger();
    if (type === "RuntimeReady") void converging.trigger();
    if (type === "IdentityAccepted" || type === "CredentialsRenewed") void timing.trigger();
    void host.clock.sleep(LOOK_AGAIN_MS, signal).then(
      () => looking.trigger(),
      () => undefined, // Cut short by the abort.
    );
  };
  const scheduled = [reading, describing, looking, timing, reporting, notifying];
  const loops = [converging, provisioningLoop, refreshing, watchingGpus, ...scheduled];
  const overdueLoops = () => loops.filter((each) => each.isOverdue()).map(({ name }) => name);

  if (configProblem === undefined) board.setTrue("ConfigValid", "Valid", "the configuration file is in force");
  else board.setFailed("ConfigValid", configProblem);
  await host.files.makeFolder(config.stateFolder, 0o700);
  await host.files.makeFolder(config.runFolder, 0o700);
  await Promise.all([session.restore(), cluster.restore()]);
  const firstRound = converging.start(signal);
  for (const each of [provisioningLoop, refreshing, watchingGpus]) void each.start(signal);
  for (const each of scheduled) each.schedule(signal);
  const startMs = Math.round(performance.now());
  log.info({ node: node.name, ...config.cluster, startMs }, "the agent runs");
  const parts = { board, session, cluster, kubelet, converger, provisioning, loops, events, awsCalls, apiCalls };
  const seen = { servingCertificateExpiresAtMs: () => servingCertificateExpiresAtMs, gpu: () => gpus.view() };
  await startEndpoint({ config, startMs, ...parts, ...seen }, log, signal);
  void firstRound.then(() => Promise.all([systemd.ready("joining the cluster"), provisioningLoop.trigger()]));
  // Facts of an earlier run are confirmed when kubelet has had its start; a machine that has none asks with its first keys.
  void host.clock.sleep(CONFIRM_CLUSTER_MS, signal).then(
    () => Promise.all([describing.trigger(), timing.trigger()]),
    () => undefined, // Cut short by the abort.
  );

  await Promise.all([kubelet.run(signal), nodeWatch.run(signal)]);
}

function bearer(session: AwsSession) {
  if (session.token === undefined) throw new SatelliteError("token-missing", "there is no token yet");
  return session.token.value;
}
