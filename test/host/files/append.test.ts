import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const APPEND = join(import.meta.dirname, "../../../agent/host/files/append.ts");

test("of lines that find no room none stays, or they would be there twice when there is room again", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "append-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = `
    import { appendLines } from ${JSON.stringify(APPEND)};
    const path = ${JSON.stringify(`${folder}/lines`)};
    await appendLines(path, ("a".repeat(99) + "\\n").repeat(9));
    await appendLines(path, ("b".repeat(49) + "\\n").repeat(9)).catch(({ code }) => console.log(code));
    console.log(await appendLines(path, "c\\n"));`;
  // The kernel lets the file have 1024 bytes: the second write is cut in its third line.
  const limited = 'ulimit -f 1; exec "$0" --input-type=module --eval "$1"';
  const { stdout, stderr } = spawnSync("bash", ["-c", limited, process.execPath, program], { encoding: "utf8" });
  assert.equal(stdout, "EFBIG\n902\n", stderr);
  assert.equal(readFileSync(`${folder}/lines`, "utf8"), `${`${"a".repeat(99)}\n`.repeat(9)}c\n`);
});
