import assert from "node:assert/strict";
import { test } from "node:test";
import { watchClock, watchNames } from "../../agent/node/machine-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const API = "abc.eks.example.com";

function setUp() {
  const host = new MemoryHost();
  const config = sampleConfig();
  const sts = `sts.${config.cluster.region}.amazonaws.com`;
  for (const name of [API, sts]) host.names.set(name, ["192.0.2.1"]);
  const board = createBoard(createMemoryLog().log, host.clock);
  const options = { host, config, board, endpoint: () => `https://${API}` };
  return { host, board, sts, watch: () => watchNames(options), watchTime: () => watchClock(options) };
}

test("names that resolve are reported as such", async () => {
  const { board, watch } = setUp();
  await watch();
  assert.equal(board.get("DnsWorking").status, "True");
});

test("a name that cannot be resolved is named", async () => {
  const { host, board, watch } = setUp();
  host.names.delete(API);
  await watch();
  const { reason, message, hint } = board.get("DnsWorking");
  assert.deepEqual([reason, message], ["DnsFailed", `the name ${API} cannot be resolved`]);
  assert.match(hint ?? "", /resolv\.conf/);
});

test("a clock that is off by more than two minutes is reported with its direction, and one that is right again too", async () => {
  const { host, board, watchTime } = setUp();
  let offsetMs = 0;
  host.onFetch = () => ({ status: 403, body: "", serverTimeMs: host.clock.now() + offsetMs });
  await watchTime();
  assert.equal(board.get("ClockInSync").status, "True");
  offsetMs = 20 * 60_000;
  await watchTime();
  assert.match(board.get("ClockInSync").message, /clock is 1200 s behind AWS's/);
  assert.match(board.get("ClockInSync").hint ?? "", /timedatectl/);
  offsetMs = -20 * 60_000;
  await watchTime();
  assert.match(board.get("ClockInSync").message, /clock is 1200 s ahead of AWS's/);
  offsetMs = 0;
  await watchTime();
  assert.equal(board.get("ClockInSync").status, "True");
});

test("an AWS that is away says nothing of the clock", async () => {
  const { board, watchTime } = setUp();
  await watchTime();
  assert.equal(board.get("ClockInSync").status, "Unknown");
});
