import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceWatch } from "../../agent/credentials/source-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { KEYS_FILE, sampleConfig } from "../fakes/samples.ts";

const FILE = "/etc/eks-satellite/aws-keys";

function setUp(host = new MemoryHost()) {
  const { log, messages } = createMemoryLog();
  const watch = new SourceWatch({ host, config: sampleConfig(), log, board: createBoard(log, host.clock) });
  return { host, watch, messages };
}

test("the first round is not a change; a rewritten file is one, once", async () => {
  const { host, watch, messages } = setUp();
  host.files.put(FILE, KEYS_FILE, { mode: 0o600 });
  assert.deepEqual([watch.state, await watch.round()], ["", false]);
  host.clock.jump(1000);
  host.files.put(FILE, `${KEYS_FILE}# rotated\n`, { mode: 0o600 });
  assert.deepEqual([await watch.round(), await watch.round()], [true, false]);
  const changes = messages("info").filter((message) => message.includes("has changed"));
  assert.deepEqual(changes, ["the source of the AWS keys has changed; it is read again"]);
});

test("a change while the daemon was down is noticed by the state of the earlier run", async () => {
  const before = setUp();
  before.host.files.put(FILE, KEYS_FILE, { mode: 0o600 });
  await before.watch.round();
  const same = setUp(before.host);
  same.watch.restore(before.watch.state);
  assert.equal(await same.watch.round(), false);
  before.host.files.drop(FILE);
  const changed = setUp(before.host);
  changed.watch.restore(before.watch.state);
  assert.equal(await changed.watch.round(), true);
});

test("a state that an earlier run did not record is not a change", async () => {
  const { watch } = setUp();
  watch.restore(undefined);
  assert.equal(await watch.round(), false);
});
