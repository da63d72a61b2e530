import assert from "node:assert/strict";
import { test } from "node:test";
import { Converger } from "../../agent/apply/converger.ts";
import { KeptFiles } from "../../agent/apply/kept-files.ts";
import { createVersionReader } from "../../agent/facts/versions.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { DOCKER_CONTAINERD_CONFIG, sampleCluster, sampleConfig } from "../fakes/samples.ts";

const CONFIG = "/etc/containerd/config.toml";
const RUNTIME = "/usr/bin/nvidia-container-runtime";
const ROUND_MS = 30_000;

/** A machine with NVIDIA's toolkit, and how many times containerd was restarted on it. */
async function setUp() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put(CONFIG, DOCKER_CONTAINERD_CONFIG);
  host.files.put(RUNTIME, "", { mode: 0o755 });
  containerd.start();
  const { log } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const converger = new Converger({
    ...{
      host,
      log,
      board,
      config: sampleConfig("kubelet: { cgroupDriver: systemd }"),
      versions: createVersionReader(host),
      kept: new KeptFiles(host, sampleConfig()),
    },
    cluster: () => sampleCluster(),
    emit: () => undefined,
  });
  await converger.round();
  const restarts = () => containerd.restarts.length;
  const text = () => host.files.peek(CONFIG)?.content ?? "";
  const round = async () => {
    host.clock.jump(ROUND_MS);
    await converger.round();
  };
  /** As GPU Operator's toolkit does: it writes, and restarts containerd on it. */
  const write = (content: string) => {
    host.files.put(CONFIG, content);
    containerd.stop();
    containerd.start();
  };
  return { host, board, restarts, text, round, write };
}

for (const [writer, change] of [
  ["the same", (text: string) => text.replace("SystemdCgroup = true", "SystemdCgroup = false")],
  ["something else", (text: string, time: number) => `oom_score = ${time}\n${text.replaceAll("= true", "= false")}`],
] as const) {
  test(`a process that writes ${writer} again each time costs three restarts of containerd, and is named by the key`, async () => {
    const { board, restarts, text, round, write } = await setUp();
    const planned = text();
    const before = restarts();
    for (let time = 0; time < 60; time += 1) {
      write(change(planned, time));
      await round();
    }
    assert.equal(restarts() - before, 3);
    const { reason, message } = board.get("ConfigInSync");
    assert.equal(reason, "ContainerdConfigContested");
    assert.match(message, /SystemdCgroup is false, not true/);
    write(planned);
    await round();
    assert.equal(board.get("ConfigInSync").status, "True", "the daemon goes on watching");
  });
}

test("a program that GPU Operator wrote stays, and costs nothing", async () => {
  const { host, board, restarts, text, round, write } = await setUp();
  const operators = "/usr/local/nvidia/toolkit/nvidia-container-runtime";
  host.files.put(operators, "", { mode: 0o755 });
  write(text().replace(RUNTIME, operators));
  const before = restarts();
  for (let time = 0; time < 5; time += 1) await round();
  assert.match(text(), new RegExp(`BinaryName = "${operators}"`));
  assert.equal(restarts(), before);
  assert.equal(board.get("ConfigInSync").status, "True");
});

test("a toolkit that is installed later is configured in the next round, with one restart", async () => {
  const { host, restarts, text, round } = await setUp();
  host.files.drop(RUNTIME);
  host.files.put(CONFIG, DOCKER_CONTAINERD_CONFIG);
  await round();
  assert.doesNotMatch(text(), /nvidia/);
  const before = restarts();
  host.files.put(RUNTIME, "", { mode: 0o755 });
  for (let time = 0; time < 3; time += 1) await round();
  assert.match(text(), /default_runtime_name = "nvidia"/);
  assert.equal(restarts() - before, 1);
});
