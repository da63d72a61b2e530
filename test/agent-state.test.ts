// Each file that the daemon keeps, lost to a disk that dies: the node starts without it.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { runPaths, statePaths } from "../agent/config/paths.ts";
import { statusSchema } from "../agent/health/status-schema.ts";
import { conditionsOf, setUpAgent } from "./fakes/memory-agent.ts";
import { sampleConfig } from "./fakes/samples.ts";

const { stateFolder, runFolder } = sampleConfig();
/** What kubelet itself reads cannot be done without. */
const { kubeletToken, ...run } = runPaths(runFolder);
const OWN = [...Object.values(statePaths(stateFolder)), ...Object.values(run)];

async function startAgain(context: TestContext, damage: (host: ReturnType<typeof setUpAgent>["host"]) => void) {
  const world = setUpAgent(context);
  const { host, start } = world;
  await (await start()).end();
  damage(host);
  const { status } = await start();
  assert.equal(host.spawned.length, 2, "kubelet was started again");
  assert.equal(host.spawned[1]?.process.isAlive, true);
  return { ...world, status };
}

for (const path of OWN) {
  test(`${path} that cannot be read keeps no node from starting, and is reported`, async (context) => {
    const { host, status } = await startAgain(context, ({ files }) => files.refuseReads(path));
    await host.clock.advance(31_000);
    const conditions = conditionsOf(await status());
    assert.equal(conditions.StateReadable, "False FileUnreadable");
    assert.match(conditions.NodeReady ?? "", /^True/);
  });

  test(`${path} that is neither readable nor writable keeps no node from starting`, async (context) => {
    await startAgain(context, ({ files }) => {
      files.refuseReads(path);
      files.refuseWrites(path, "EACCES");
    });
  });
}

test("an empty folder in the place of each file is replaced, kubelet's token included", async (context) => {
  for (const path of [...OWN, kubeletToken]) {
    const { host } = await startAgain(context, ({ files }) => {
      files.drop(path);
      files.putFolder(path);
    });
    await host.clock.advance(31_000);
  }
});

test("a disk that gives nothing of either folder keeps no node from starting", async (context) => {
  const { status, host } = await startAgain(context, ({ files }) => {
    files.refuseReads(stateFolder);
    for (const path of OWN) files.refuseReads(path);
  });
  await host.clock.advance(31_000);
  assert.equal(conditionsOf(await status()).StateReadable, "False FileUnreadable");
});

test("a run's start and end, and a Node that was not Ready between, are in the history; a later run's /status has them", async (context) => {
  const { host, cluster, start } = setUpAgent(context);
  const first = await start();
  const ready = cluster.items;
  cluster.items = [];
  cluster.sendEvent("deleted");
  await host.clock.advance(180_000);
  cluster.items = ready;
  cluster.sendEvent("seen");
  await host.clock.advance(60_000);
  const turns = host.files.changes.filter((change) => change.includes("history")).length;
  await host.clock.advance(600_000);
  assert.equal(host.files.changes.filter((change) => change.includes("history")).length, turns, "nothing happens");
  await first.end();
  const { status } = await start();
  const { history = [] } = statusSchema.parse(await status());
  const names = history.map(({ kind, name, status: is }) => [kind, name, is]);
  assert.ok(names.some(([, name]) => name === "NodeMissing"));
  assert.deepEqual(
    names.filter(([, name]) => name === "NodeReady").map(([, , is]) => is),
    ["True", "False", "True", "True"],
  );
  const [stop, began] = history.filter(({ kind }) => kind === "start" || kind === "stop").slice(-2);
  assert.deepEqual([stop?.kind, began?.kind, began?.isUnexpected], ["stop", "start", false]);
  assert.ok((stop?.lastedSeconds ?? 0) >= 840);
});
