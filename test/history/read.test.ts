import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { History } from "../../agent/history/history.ts";
import { MAX_FILE_BYTES, readBoot, readHistory } from "../../agent/history/read.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "history-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const filesIn = (folder: string) => ({ history: `${folder}/new`, olderHistory: `${folder}/old` });

test("the kernel says which run of the machine this is, and how old it is", async () => {
  const { boot, up } = await readBoot(createLinuxHost());
  assert.match(boot, /^[0-9a-f]{8}$/);
  const [seconds = ""] = execFileSync("cat", ["/proc/uptime"], { encoding: "utf8" }).split(" ");
  assert.ok(Math.abs((up ?? 0) - Number(seconds) * 1000) < 5000);
});

test("where it does not say so, nothing is made up", async () => {
  assert.deepEqual(await readBoot(new MemoryHost()), { boot: "" });
});

test("a history that was never written is empty, and one that is too long is refused", async (context) => {
  const host = createLinuxHost();
  const files = filesIn(folderOf(context));
  assert.deepEqual(await readHistory(host, files), { entries: [], unreadable: 0 });
  appendFileSync(files.history, "x".repeat(4 * MAX_FILE_BYTES + 1));
  await assert.rejects(readHistory(host, files), { code: "file-unreadable" });
});

test("a writer that is killed at any moment costs one line at most, on a real disk", async (context) => {
  const folder = folderOf(context);
  const program = `
    import { History } from "${import.meta.dirname}/../../agent/history/history.ts";
    import { createLinuxHost } from "${import.meta.dirname}/../../agent/host/linux-host.ts";
    const log = { info() {}, warn() {} };
    const history = new History({ host: createLinuxHost(), log, files: ${JSON.stringify(filesIn(folder))} });
    console.log("ready");
    for (let index = 0; ; index += 1) {
      history.note({ kind: "event", name: "n" + index, message: "x".repeat(300) });
      await new Promise((done) => setImmediate(done));
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  while (sizeOf(`${folder}/new`) < 20_000) await new Promise((done) => setImmediate(done));
  child.kill("SIGKILL");
  await once(child, "exit");
  appendFileSync(`${folder}/new`, '{"at":12,"bo');
  const host = createLinuxHost();
  const history = new History({ host, log: createMemoryLog().log, files: filesIn(folder) });
  await history.begin();
  await history.end();
  const { entries, unreadable } = await readHistory(host, filesIn(folder));
  assert.ok(unreadable <= 1, `${unreadable} lines`);
  assert.ok(entries.length > 20);
  assert.deepEqual(
    entries.slice(-2).map(({ kind }) => kind),
    ["start", "stop"],
  );
  assert.equal(entries.at(-3)?.name.startsWith("n"), true);
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
