import assert from "node:assert/strict";
import { test } from "node:test";
import { createConfigWatch } from "../../agent/config/config-watch.ts";
import { LAST_GOOD_CONFIG_PATH, loadConfigOrLastGood } from "../../agent/config/load.ts";
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
  const watch = createConfigWatch({ host, board, file: FILE, config, emit: () => void seen.push(1) });
  return { host, board, seen, watch };
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
