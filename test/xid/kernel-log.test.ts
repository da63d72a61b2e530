import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { createLineFilter, followKernelLog } from "../../agent/xid/kernel-log.ts";
import { KERNEL_TOKENS, parseKernelLine } from "../../agent/xid/xid.ts";
import { startCpuClock } from "../fakes/cpu-time.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const FATAL = "<3>[ 8120.771024] NVRM: Xid (PCI:0000:3a:00): 79, GPU has fallen off the bus.";

function setUp(context: TestContext) {
  const host = new MemoryHost();
  host.install("dmesg", () => ({}));
  const { log, messages } = createMemoryLog();
  const lines: string[] = [];
  const starts: number[] = [];
  const stop = new AbortController();
  context.after(() => stop.abort());
  const options = {
    ...{ host, log, tokens: KERNEL_TOKENS },
    onLine: (line: string) => void lines.push(line),
    onStart: () => void starts.push(host.clock.now()),
  };
  const follow = (onProblem: (problem: string | undefined) => void = () => undefined) =>
    followKernelLog({ ...options, onProblem }, stop.signal);
  return { host, stop, messages, lines, starts, follow };
}

test("only lines with the token are delivered, however the text is cut", () => {
  const text = `<6>[ 1.0] usb\n${FATAL}\n<6>[ 2.0] other NVRM\n<4>[ 3.0] NVRM: a\n`;
  for (const size of [1, 7, 64, text.length]) {
    const found: string[] = [];
    const take = createLineFilter(KERNEL_TOKENS, (line) => void found.push(line));
    for (let at = 0; at < text.length; at += size) take(text.slice(at, at + size));
    assert.deepEqual(found, [FATAL, "<4>[ 3.0] NVRM: a"], `pieces of ${size}`);
  }
});

test("a line without end is dropped, and the next one is complete", () => {
  const found: string[] = [];
  const take = createLineFilter(KERNEL_TOKENS, (line) => void found.push(line));
  for (let piece = 0; piece < 100; piece += 1) take("x".repeat(1000));
  take(`\n${FATAL}\n`);
  assert.deepEqual(found, [FATAL]);
});

test("of 100,000 lines the one fatal Xid is found, in little time", () => {
  const quiet = Array.from(
    { length: 99_999 },
    (_, index) => `<6>[${index}.000001] audit: type=1400 apparmor="ALLOWED" n=${index}`,
  );
  const text = `${[...quiet.slice(0, 61_234), FATAL, ...quiet.slice(61_234)].join("\n")}\n`;
  const found: string[] = [];
  const take = createLineFilter(KERNEL_TOKENS, (line) => void found.push(line));
  const cpuMs = startCpuClock();
  for (let at = 0; at < text.length; at += 65_536) take(text.slice(at, at + 65_536));
  const tookMs = cpuMs();
  assert.deepEqual(found, [FATAL]);
  assert.ok(tookMs < 500, `${tookMs} ms: ten seconds' worth of a storm must cost less than half a second`);
});

test("of 100,000 lines of the driver's own the one fatal Xid is found too", () => {
  const xids: number[] = [];
  const take = createLineFilter(KERNEL_TOKENS, (line) => {
    const parsed = parseKernelLine(line);
    if (parsed?.kind === "xid") xids.push(parsed.xid);
  });
  const noise = Array.from({ length: 99_999 }, (_, index) => `<4>[${index}.000001] NVRM: nvAssertFailed: ${index}`);
  const cpuMs = startCpuClock();
  take(`${[...noise.slice(0, 50_000), FATAL, ...noise.slice(50_000)].join("\n")}\n`);
  assert.deepEqual(xids, [79]);
  assert.ok(cpuMs() < 1000, `${cpuMs()} ms`);
});

test("a storm of 100,000 lines through a real pipe loses no fatal Xid and takes little of this process's time", async () => {
  const real = createLinuxHost();
  const storm = new URL("../fixtures/kernel-storm.ts", import.meta.url).pathname;
  const host = { ...real, spawn: () => real.spawn(process.execPath, [storm], { NODE_NO_WARNINGS: "1" }) };
  const lines: string[] = [];
  const stop = new AbortController();
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const onLine = (line: string) => {
    lines.push(line);
    if (line.endsWith("NVRM: end")) end();
  };
  const before = process.cpuUsage();
  const { log } = createMemoryLog();
  const running = followKernelLog({ host, log, tokens: KERNEL_TOKENS, onLine, onStart: () => undefined }, stop.signal);
  await isOver;
  const { user, system } = process.cpuUsage(before);
  stop.abort();
  await running;
  assert.deepEqual(
    lines.map((line) => line.slice(line.indexOf("NVRM"))),
    ["NVRM: Xid (PCI:0000:3a:00): 79, GPU has fallen off the bus.", "NVRM: end"],
  );
  assert.ok(user + system < 2e6, `${(user + system) / 1e6} s of CPU for ten seconds' worth of a storm`);
});

test("output of dmesg is delivered as it comes", async (context) => {
  const { host, lines, follow } = setUp(context);
  void follow();
  host.spawned[0]?.process.stdout.write(`<6>[ 1.0] usb\n${FATAL}\n`);
  await settle();
  assert.deepEqual(lines, [FATAL]);
});

test("a dmesg that ends is started again after five seconds, and then with growing pauses", async (context) => {
  const { host, starts, follow } = setUp(context);
  const begunMs = host.clock.now();
  host.onSpawn = ({ process }) => process.exit(1);
  void follow();
  await host.clock.advance(100_000);
  assert.deepEqual(
    starts.map((at) => (at - begunMs) / 1000),
    [0, 5, 10, 20, 40, 80],
  );
});

test("a machine without dmesg is logged once, with the reason", async (context) => {
  const { host, messages, follow } = setUp(context);
  host.uninstall("dmesg");
  void follow();
  await host.clock.advance(3_600_000);
  assert.deepEqual(messages("warn"), ["the kernel's log cannot be followed: faults of GPUs may be missed"]);
});

test("it ends with the daemon, also while it waits", async (context) => {
  const { host, stop, follow } = setUp(context);
  const running = follow();
  stop.abort();
  await running;
  assert.equal(host.spawned[0]?.process.isAlive, false);
});

test("lines of several tokens come in their order, and each once", () => {
  const text = "a SXid ( 1\nNVRM: 2 SXid (\nb\nNVRM: 3\nSXid ( 4\n";
  for (const size of [1, 5, text.length]) {
    const found: string[] = [];
    const take = createLineFilter(["NVRM: ", "SXid ("], (line) => void found.push(line));
    for (let at = 0; at < text.length; at += size) take(text.slice(at, at + size));
    assert.deepEqual(found, ["a SXid ( 1", "NVRM: 2 SXid (", "NVRM: 3", "SXid ( 4"]);
  }
});

test("the end of a line that is too long is not taken for a line", () => {
  const found: string[] = [];
  const take = createLineFilter(KERNEL_TOKENS, (line) => void found.push(line));
  for (let piece = 0; piece < 9; piece += 1) take("x".repeat(1000));
  take(`${FATAL}\n${FATAL}\n`);
  assert.deepEqual(found, [FATAL]);
});

/** Follows with a dmesg in a state of proc(5) that does not end by itself. */
function setUpStandstill(context: TestContext, state: string, diesOfKill: boolean) {
  const world = setUp(context);
  const problems: (string | undefined)[] = [];
  world.host.onSpawn = ({ process }) => {
    const path = `/proc/${process.pid}/stat`;
    world.host.files.put(path, (world.host.files.peek(path)?.content ?? "").replace(") S ", `) ${state} `));
    if (!diesOfKill) process.kill = (signal) => void process.signals.push(signal);
  };
  void world.follow((problem) => void problems.push(problem));
  return { ...world, problems };
}

test("a dmesg that stands still is killed after a minute and started again", async (context) => {
  for (const state of ["T", "D"]) {
    const { host } = setUpStandstill(context, state, true);
    await host.clock.advance(59_000);
    assert.deepEqual(host.spawned[0]?.process.signals, []);
    await host.clock.advance(10_000);
    assert.deepEqual([host.spawned[0]?.process.signals, host.spawned.length], [["SIGKILL"], 2], state);
  }
});

test("a dmesg that cannot be killed is reported, and no second one is started beside it", async (context) => {
  const { host, problems } = setUpStandstill(context, "D", false);
  await host.clock.advance(3_600_000);
  assert.equal(host.spawned.length, 1);
  assert.match(problems.at(-1) ?? "", /stood still in state D .* cannot be killed; no other is started/);
});

test("a problem is over when dmesg delivers again", async (context) => {
  const { host, follow } = setUp(context);
  const problems: (string | undefined)[] = [];
  host.onSpawn = ({ process }) => process.exit(1);
  void follow((problem) => void problems.push(problem));
  await host.clock.advance(12_000);
  assert.match(problems.at(-1) ?? "", /dmesg ended with 1/);
  host.onSpawn = undefined;
  await host.clock.advance(60_000);
  host.spawned.at(-1)?.process.stdout.write(`${FATAL}\n`);
  await settle();
  assert.equal(problems.at(-1), undefined);
});
