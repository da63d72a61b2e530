// A day and an hour of the daemon's life on a machine in memory, as fast as this processor can: prints the size of the heap after
// each hour, in bytes, and the rounds that were made. Needs --expose-gc.
import { runAgent } from "../../agent/agent.ts";
import { createLog } from "../../agent/log.ts";
import { freePort } from "../fakes/free-port.ts";
import { setUpAgent } from "../fakes/memory-agent.ts";
import { settle } from "../fakes/memory-clock.ts";
import { sampleConfig } from "../fakes/samples.ts";

const STEP_MS = 5000;
const HOUR_MS = 3_600_000;
/** Of the first hour everything is loaded and every table has its entries. */
const WARM_UP_HOURS = 1;
const HOURS = 24;

const world = setUpAgent({ after: () => undefined });
const { host, aws, containerd, cluster } = world;
const port = await freePort();
const stop = new AbortController();
const log = createLog(
  {
    level: "info",
    format: "text",
    fold: { now: host.clock.now, schedule: (work, ms) => void host.clock.sleep(ms).then(work) },
  },
  () => undefined,
);
const running = runAgent(
  {
    ...{
      host,
      aws,
      log,
      configFile: "/etc/eks-satellite/config.yaml",
      configProblem: undefined,
      environment: { NOTIFY_SOCKET: "/x" },
    },
    config: sampleConfig(`health: { port: ${port} }`),
    onConfigChange: () => undefined,
  },
  stop.signal,
);

let steps = 0;
async function live(hours: number): Promise<void> {
  for (let passedMs = 0; passedMs < hours * HOUR_MS; passedMs += STEP_MS) {
    steps += 1;
    await host.clock.advance(STEP_MS);
    await settle();
    host.spawned.at(-1)?.process.say(`I0102 03:04:05.000001 1 kubelet.go:1] "line" number=${steps}`);
    if (steps % 2 === 0) cluster.sendEvent("seen");
    // What the test's own world remembers is not the daemon's.
    host.commands.length = 0;
    host.files.changes.length = 0;
    aws.calls.length = 0;
    aws.roleRequests.length = 0;
    containerd.restarts.length = 0;
  }
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  for (let time = 0; time < 3; time += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

await live(WARM_UP_HOURS);
const heaps = [heapBytes()];
for (let hour = 0; hour < HOURS; hour += 1) {
  await live(1);
  heaps.push(heapBytes());
}
const { converge } = (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as {
  converge: { rounds: number };
};
// A day in which nothing happened would not grow either.
const wanted = ((WARM_UP_HOURS + HOURS) * HOUR_MS) / 30_000;
if (converge.rounds < wanted)
  throw new Error(`${converge.rounds} rounds in ${WARM_UP_HOURS + HOURS} hours, not ${wanted}`);
process.stdout.write(`${JSON.stringify({ heaps, rounds: converge.rounds })}\n`);
stop.abort();
await host.clock.advance(1000);
await running;
process.exit(0);
