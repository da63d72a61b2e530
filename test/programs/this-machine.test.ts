// What commands get of the machine that they run on.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { openThisMachine } from "../../agent/programs/this-machine.ts";

test("the host is this machine, and the program starts again as it was started", () => {
  const { host, program } = openThisMachine();
  assert.equal(host.userId, process.getuid?.());
  assert.deepEqual(program, [process.execPath, ...process.execArgv, process.argv[1]]);
});

test("a log on standard output outlives who reads it", () => {
  const module = new URL("../../agent/programs/this-machine.ts", import.meta.url).href;
  const script = `import { openThisMachine } from "${module}";
    const { write } = openThisMachine().openLog();
    const timer = setInterval(() => write("a line\\n"), 20);
    setTimeout(() => { clearInterval(timer); console.error("alive"); }, 600);`;
  const { status, stderr } = spawnSync(
    "/bin/sh",
    ["-c", '"$0" --input-type=module --eval "$1" | head -n 1', process.execPath, script],
    { encoding: "utf8", timeout: 30_000 },
  );
  assert.equal(status, 0);
  assert.equal(stderr, "alive\n");
});
