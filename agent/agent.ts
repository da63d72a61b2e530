// The daemon: builds the parts, restores what an earlier run knew, starts the loops, serves, and waits for the end of everything.
import { Dispatcher } from "./board/dispatcher.ts";
import { startEndpoint } from "./health/endpoint.ts";
import type { Loop } from "./loop/loop.ts";
import { createLoops, startLoops } from "./loops.ts";
import { type AgentEvent, createParts, type Parts, type PartsOptions } from "./parts.ts";
import { react } from "./reactions.ts";

/** With kubelet's own stop time this is less than the unit's TimeoutStopSec. */
const END_DEADLINE_MS = 15_000;

export interface AgentOptions extends Omit<PartsOptions, "emit" | "signal"> {
  /** Why the configuration is not the one in the file; undefined when it is. */
  readonly configProblem: unknown;
  /** The file says something else, and it is valid: end this run, and begin another on it. */
  readonly onConfigChange: () => void;
}

/** Makes this machine a node and keeps it one until the signal aborts. kubelet is ended then, pods are not; nothing of the run goes on. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { config, configProblem, onConfigChange, log } = options;
  const dispatcher = new Dispatcher<AgentEvent>(log);
  const parts = createParts({ ...options, signal, emit: dispatcher.emit });
  const loops = createLoops(parts);
  dispatcher.connect((event) => react({ ...parts, loops, onConfigChange }, event));

  await restore(parts, configProblem);
  void startLoops(loops, signal).then(() => dispatcher.emit({ kind: "first-round-ended" })); // Its end is awaited with the loops'.
  const startMs = Math.round(performance.now());
  log.info({ node: config.node.name, ...config.cluster, startMs }, "the agent runs");
  const endpoint = startEndpoint({ parts, loops: Object.values(loops), startMs }, signal);

  await Promise.all([endpoint, parts.kubelet.run(signal), parts.nodeWatch.run(signal)]);
  await untilEnded(parts, Object.values(loops));
}

/** Waits for the rounds that are under way, and names those that do not end: systemd and a changed configuration wait no longer. */
async function untilEnded({ gpu, provisioning, history, host, log }: Parts, loops: readonly Loop[]): Promise<void> {
  const late = new AbortController();
  const work = Promise.all([gpu.ended(), provisioning.ended(), ...loops.map((loop) => loop.ended())]);
  const ended = work.then(() => history.end());
  const deadline = host.clock.sleep(END_DEADLINE_MS, late.signal).then(
    () =>
      log.warn(
        { loops: loops.filter(({ isRunning }) => isRunning).map(({ name }) => name) },
        "rounds did not end in time",
      ),
    () => undefined, // All have ended, and the sleep is cut short.
  );
  await Promise.race([ended, deadline]);
  late.abort();
}

/** Takes over what an earlier run knew. What cannot be read, or a disk that is full, keeps no node from starting. */
async function restore(
  { board, kept, history, session, cluster, tunnel, fitness, log }: Parts,
  configProblem: unknown,
): Promise<void> {
  if (configProblem === undefined) board.setTrue("ConfigValid", "Valid", "the configuration file is in force");
  else board.setFailed("ConfigValid", configProblem);
  // What has been kept is read first: the parts may remove some of it.
  for (const step of [
    () => kept.adopt(),
    () => history.begin(),
    () => session.restore(),
    () => cluster.restore(),
    () => tunnel.restore(),
    () => fitness.restore(),
  ])
    await step().catch((err: unknown) => log.error({ err }, "part of the earlier run's state was not restored"));
}
