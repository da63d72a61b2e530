// The supervisor with real child processes; only the clock is ours.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readProcess } from "../../agent/facts/process.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { Kubelet } from "../../agent/kubelet/kubelet.ts";
import { kubeletEnvironment } from "../../agent/kubelet/kubelet-environment.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryClock, settle } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const FAKE_KUBELET = fileURLToPath(new URL("../fixtures/fake-kubelet.ts", import.meta.url));

function setUp(context: TestContext, ...behaviour: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  const clock = new MemoryClock();
  const host = { ...createLinuxHost(), clock, random: () => 0 };
  const memoryLog = createMemoryLog();
  const board = createBoard(memoryLog.log, clock);
  const stop = new AbortController();
  const processFile = join(folder, "kubelet-process.json");
  const spec = { command: { path: process.execPath, args: [FAKE_KUBELET, ...behaviour] }, digest: "1" };
  const create = () =>
    new Kubelet({
      host,
      log: memoryLog.log,
      board,
      processFile,
      dumpFile: join(folder, "kubelet-goroutines.txt"),
      stopSeconds: 20,
      environment: kubeletEnvironment({ PATH: process.env.PATH, NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "1" }),
      prepare: async () => spec,
      emit: () => undefined,
    });
  const kubelet = create();
  kubelet.want(spec);
  const running = kubelet.run(stop.signal);
  context.after(async () => {
    const { pid } = kubelet.state;
    if (pid !== undefined) host.kill(pid, "SIGKILL");
    stop.abort();
    await running;
    rmSync(folder, { recursive: true, force: true });
  });
  return { host, clock, board, kubelet, running, stop, processFile, create, ...memoryLog };
}

test("a real kubelet's log lines arrive, and SIGTERM ends it when the agent stops", async (context) => {
  const { seen, stop, running, kubelet, host } = setUp(context, "run");
  await seen(/^kubelet: ready$/);
  const { pid = 0 } = kubelet.state;
  assert.ok((await readProcess(host, pid)) !== undefined);
  stop.abort();
  await running;
  await seen(/^kubelet: ending$/);
  assert.equal(await readProcess(host, pid), undefined);
});

test("a real kubelet that ignores SIGTERM is killed after its grace", async (context) => {
  const { seen, stop, running, clock, kubelet, host } = setUp(context, "ignore-sigterm");
  await seen(/^kubelet: ready$/);
  const { pid = 0 } = kubelet.state;
  stop.abort();
  await seen(/^kubelet: not now$/);
  await clock.advance(20_000);
  await running;
  assert.equal(await readProcess(host, pid), undefined);
});

test("a real kubelet that exits is told of with its exit code and its last error", async (context) => {
  const { seen, kubelet } = setUp(context, "exit", "no such file");
  await seen(/^kubelet exited with 3 .*its last error: "command failed" err="no such file"/);
  await seen(/2 times in a row|it is started again in 1\.0 s/);
  assert.match(kubelet.state.lastExit ?? "", /exited with 3/);
});

test("a real kubelet does not get systemd's variables", async (context) => {
  const { seen } = setUp(context, "environment");
  const { msg = "" } = await seen(/^kubelet: environment /);
  assert.deepEqual(JSON.parse(msg.slice("kubelet: environment ".length)), ["PATH"]);
});

test("a real kubelet that says a lot is read to the last line and never blocks", async (context) => {
  const { seen, lines } = setUp(context, "flood", "3000");
  await seen(/^kubelet: line 2999 /);
  assert.ok(lines.filter(({ msg }) => msg?.startsWith("kubelet: line ")).length >= 3000);
});

test("a real kubelet of a daemon that was killed is recognised by the next one and ended", async (context) => {
  const { seen, host, kubelet, processFile, create, clock } = setUp(context, "run");
  await seen(/^kubelet: ready$/);
  const { pid = 0 } = kubelet.state;
  assert.equal(JSON.parse(readFileSync(processFile, "utf8")).pid, pid);
  // The daemon is gone: nobody starts another, and the next one looks for what was left.
  const next = create();
  const stop = new AbortController();
  const ended = next.run(stop.signal);
  await seen(/^a kubelet of an earlier run is still there and is ended$/);
  await seen(/^kubelet exited with 0 /);
  await clock.advance(100);
  assert.equal(await readProcess(host, pid), undefined);
  stop.abort();
  await ended;
});

test("a real kubelet that was stopped is continued, dumped and started again", async (context) => {
  const { seen, kubelet, host } = setUp(context, "run");
  await seen(/^kubelet: ready$/);
  const { pid = 0 } = kubelet.state;
  process.kill(pid, "SIGSTOP");
  kubelet.restart("hung");
  while (kubelet.state.pid === pid || kubelet.state.pid === undefined) await settle();
  assert.equal(await readProcess(host, pid), undefined);
  assert.deepEqual(kubelet.state.restartsByReason, { hung: 1 });
});
