import assert from "node:assert/strict";
import { test } from "node:test";
import { createConfigWatch } from "../../agent/config/config-watch.ts";
import { loadConfigOrLastGood, readConfigInForce } from "../../agent/config/in-force.ts";
import { LAST_GOOD_CONFIG_PATH } from "../../agent/config/load.ts";
import { writeNodeRecord } from "../../agent/config/node-record.ts";
import type { Config } from "../../agent/config/schema.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const TEXT = "cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /etc/eks-satellite/aws-keys }\n";

async function setUp(text = TEXT) {
  const host = new MemoryHost();
  host.files.put(FILE, TEXT);
  const { config } = await loadConfigOrLastGood(host, FILE);
  host.files.put(FILE, text);
  const board = createBoard(createMemoryLog().log, host.clock);
  const seen: number[] = [];
  const trial = { failure: undefined as Error | undefined, tried: [] as string[] };
  const tryConfig = async ({ cluster }: Config) => {
    trial.tried.push(cluster.name);
    if (trial.failure !== undefined) throw trial.failure;
  };
  const watch = createConfigWatch({ host, board, file: FILE, config, tryConfig, emit: () => void seen.push(1) });
  const join = () => writeNodeRecord(host, config.stateFolder, { name: "gpu-1", hostname: "GPU-1", providerId: "x" });
  return { host, board, seen, watch, trial, join };
}

test("a file with the configuration in force changes nothing, however it is written", async () => {
  const { host, board, seen, watch } = await setUp();
  await watch();
  host.files.put(FILE, `# a comment\n${TEXT}`);
  await watch();
  assert.deepEqual([seen.length, board.get("ConfigValid").status], [0, "True"]);
});

test("a valid change is reported once", async () => {
  const { host, seen, watch } = await setUp();
  await watch();
  host.files.put(FILE, `${TEXT}kubelet: { maxPods: 20 }\n`);
  await watch();
  await watch();
  assert.equal(seen.length, 1);
});

test("a mistake changes nothing, is reported with its key, and its condition ends when it is corrected", async () => {
  const { host, board, seen, watch } = await setUp();
  host.files.put(FILE, `${TEXT}kubelt: {}\n`);
  await watch();
  assert.deepEqual([seen.length, board.get("ConfigValid").reason], [0, "ConfigInvalid"]);
  assert.match(board.get("ConfigValid").hint ?? "", /Did you mean kubelet/);
  host.files.put(FILE, TEXT);
  await watch();
  assert.deepEqual([seen.length, board.get("ConfigValid").status], [0, "True"]);
});

test("a missing file changes nothing and is reported", async () => {
  const { host, board, seen, watch } = await setUp();
  host.files.drop(FILE);
  await watch();
  assert.deepEqual([seen.length, board.get("ConfigValid").reason], [0, "ConfigMissing"]);
});

test("a copy that did not fit on a full disk is written once there is room, without a change to the file", async () => {
  const { host, board, watch } = await setUp(`# new\n${TEXT}`);
  host.files.refuseWrites(LAST_GOOD_CONFIG_PATH, "ENOSPC");
  await watch();
  assert.equal(board.get("ConfigValid").status, "False");
  host.files.allowWrites();
  await watch();
  assert.equal(board.get("ConfigValid").status, "True");
  assert.equal(host.files.peek(LAST_GOOD_CONFIG_PATH)?.content, `# new\n${TEXT}`);
});

const MISSPELT = TEXT.replace("demo", "dmeo");
const NOT_FOUND = new SatelliteError("cluster-not-found", "there is no cluster dmeo in us-west-2", {
  hint: "aws eks list-clusters",
});

test("a cluster that is not there does not end the present node: it is tried, refused with the reason, and tried again", async () => {
  const { host, board, seen, watch, trial, join } = await setUp();
  await join();
  trial.failure = NOT_FOUND;
  host.files.put(FILE, MISSPELT);
  await watch();
  const { reason, message, hint } = board.get("ConfigValid");
  assert.deepEqual([seen.length, reason, hint], [0, "ConfigTrialFailed", "aws eks list-clusters"]);
  assert.match(message, /config\.yaml is valid and not in force: there is no cluster dmeo/);
  for (let round = 0; round < 12; round += 1) {
    host.clock.jump(30_000);
    await watch();
  }
  assert.deepEqual([seen.length, board.get("ConfigValid").reason], [0, "ConfigTrialFailed"]);
  assert.ok(trial.tried.length >= 5 && trial.tried.length <= 13, `${trial.tried.length} tries in 6 minutes`);
  assert.equal((await loadConfigOrLastGood(host, FILE)).config.cluster.name, "demo", "nor after a restart");
  assert.equal((await readConfigInForce(host, FILE))?.cluster.name, "demo", "nor for reset");
  host.files.put(FILE, TEXT);
  await watch();
  assert.deepEqual([seen.length, board.get("ConfigValid").status], [0, "True"]);
});

test("a cluster that accepts this node is joined when it has been tried", async () => {
  const { host, seen, watch, trial, join } = await setUp();
  await join();
  host.files.put(FILE, TEXT.replace("demo", "other"));
  await watch();
  assert.deepEqual([trial.tried, seen.length], [["other"], 1]);
  const { config, problem } = await loadConfigOrLastGood(host, FILE);
  assert.deepEqual([config.cluster.name, problem], ["other", undefined]);
});

test("what names no other node is in force at once, and so is everything before the first join", async () => {
  const { host, seen, watch, trial, join } = await setUp();
  host.files.put(FILE, MISSPELT);
  await watch();
  assert.deepEqual([trial.tried, seen.length], [[], 1], "there is nothing to lose");
  await join();
  host.files.put(FILE, `${MISSPELT}kubelet: { maxPods: 20 }\n`);
  await watch();
  assert.deepEqual([trial.tried, seen.length], [[], 2]);
});

test("other keys, another region and another name are on trial as well", async () => {
  for (const text of [
    TEXT.replace("us-west-2", "us-east-1"),
    TEXT.replace("aws-keys", "other-keys"),
    `${TEXT}node: { name: other }\n`,
  ]) {
    const { host, seen, watch, trial, join } = await setUp();
    await join();
    trial.failure = NOT_FOUND;
    host.files.put(FILE, text);
    await watch();
    assert.deepEqual([trial.tried.length, seen.length], [1, 0], text);
  }
});

test("a copy that does not fit on a full disk keeps a proven cluster from being joined: each start would try it again", async () => {
  const { host, board, seen, watch, join } = await setUp();
  await join();
  host.files.put(FILE, TEXT.replace("demo", "other"));
  host.files.refuseWrites(LAST_GOOD_CONFIG_PATH, "ENOSPC");
  await watch();
  assert.deepEqual([seen.length, board.get("ConfigValid").reason], [0, "ConfigTrialFailed"]);
});
