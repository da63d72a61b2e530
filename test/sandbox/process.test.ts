import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isAlive, lastLines, recordedDaemons, runningDaemon, startDaemon, stopDaemon } from "./process.ts";
import { waitFor } from "./wait.ts";

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "process-"));
  t.after(async () => {
    for (const name of await recordedDaemons(folder)) await stopDaemon(folder, name, 0);
    await rm(folder, { recursive: true });
  });
  return folder;
}

test("a daemon that runs is kept, and one whose command changed is started again", async (t) => {
  const folder = await folderFor(t);
  assert.equal(await startDaemon(folder, { name: "sleeper", command: ["sleep", "100"] }), true);
  const first = await runningDaemon(folder, "sleeper");
  assert.equal(await startDaemon(folder, { name: "sleeper", command: ["sleep", "100"] }), false);
  assert.deepEqual(await runningDaemon(folder, "sleeper"), first);
  assert.equal(await startDaemon(folder, { name: "sleeper", command: ["sleep", "200"] }), true);
  assert.notDeepEqual(await runningDaemon(folder, "sleeper"), first);
});

test("a daemon that ignores SIGTERM is killed", async (t) => {
  const folder = await folderFor(t);
  const command = ["/bin/sh", "-c", "trap '' TERM; echo armed; while :; do sleep 1; done"] as const;
  await startDaemon(folder, { name: "stubborn", command });
  await waitFor({ what: "the trap", deadlineMs: 5000 }, async () =>
    (await lastLines(folder, "stubborn")).includes("armed"),
  );
  const identity = await runningDaemon(folder, "stubborn");
  assert.ok(identity);
  await stopDaemon(folder, "stubborn", 100);
  assert.equal(await isAlive(identity), false);
});

test("a pid that is another process's by now is left alone", async (t) => {
  const folder = await folderFor(t);
  await startDaemon(folder, { name: "innocent", command: ["sleep", "100"] });
  const innocent = await runningDaemon(folder, "innocent");
  assert.ok(innocent);
  const record = join(folder, "run", "innocent.pid");
  const text = await readFile(record, "utf8");
  await writeFile(join(folder, "run", "stale.pid"), text.replace(` ${innocent.startTicks} `, " 1 "));
  assert.equal(await runningDaemon(folder, "stale"), undefined);
  await stopDaemon(folder, "stale");
  assert.equal(await isAlive(innocent), true);
});
