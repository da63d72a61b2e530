import assert from "node:assert/strict";
import { test } from "node:test";
import { GoroutineDump } from "../../agent/kubelet/goroutine-dump.ts";
import { settle } from "../fakes/memory-clock.ts";
import { setUpRunning } from "../fakes/memory-kubelet.ts";

const FILE = "/run/eks-satellite/kubelet-goroutines.txt";

test("a kubelet that hangs is asked for its goroutines, which are kept and not logged, and started again", async () => {
  const { host, kubelet, lines, setChild } = await setUpHung({
    goroutines: ["SIGQUIT: quit", "goroutine 1 [select]:"],
  });
  setChild({});
  kubelet.restart("hung");
  await settle();
  await host.clock.advance(1000);
  assert.equal(host.files.peek(FILE)?.content, "SIGQUIT: quit\ngoroutine 1 [select]:\n");
  assert.equal(host.files.peek(FILE)?.mode, 0o600);
  assert.ok(!lines.some(({ msg }) => msg?.includes("goroutine 1")));
  assert.equal(host.spawned.length, 2);
  assert.deepEqual(kubelet.state.restartsByReason, { hung: 1 });
});

test("one that was stopped is continued first, and one that heeds no signal is killed", async () => {
  const { host, kubelet, current, setChild } = await setUpHung({ isStuck: true });
  const hung = current();
  setChild({});
  kubelet.restart("hung");
  await host.clock.advance(10_000);
  assert.deepEqual(hung.signals, ["SIGQUIT", "SIGCONT", "SIGTERM"]);
  await host.clock.advance(20_000);
  assert.deepEqual(hung.signals.at(-1), "SIGKILL");
});

test("one that cannot be killed is no reason for a second beside it, and keeps the agent from nothing", async () => {
  const { host, kubelet, board, stop, running } = await setUpHung({ isStuck: true });
  kubelet.restart("hung");
  await host.clock.advance(300_000);
  assert.equal(host.spawned.length, 1);
  assert.deepEqual([board.get("KubeletRunning").status, board.get("KubeletRunning").reason], ["False", "KubeletStuck"]);
  stop.abort();
  await running;
});

test("one that hangs again and again is started less and less often", async () => {
  const { host, kubelet } = await setUpHung({ goroutines: ["SIGQUIT: quit"] });
  for (let count = 0; count < 3; count += 1) {
    kubelet.restart("hung");
    await host.clock.advance(10_000);
  }
  const before = host.spawned.length;
  kubelet.restart("hung");
  await host.clock.advance(1000);
  assert.equal(host.spawned.length, before, "it waits");
  await host.clock.advance(60_000);
  assert.equal(host.spawned.length, before + 1);
});

test("a dump without end is cut", () => {
  const dump = new GoroutineDump();
  for (let line = 0; line < 100_000; line += 1) dump.write("x".repeat(100));
  assert.ok(dump.text.length <= 2 * 2 ** 20);
});

async function setUpHung(childOptions: { readonly goroutines?: readonly string[]; readonly isStuck?: boolean }) {
  const made = await setUpRunning(childOptions);
  const setChild = (options: typeof childOptions) => {
    made.host.childOptions = options;
  };
  return { ...made, setChild };
}
