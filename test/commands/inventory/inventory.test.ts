import assert from "node:assert/strict";
import { test } from "node:test";
import { inventoryCommand } from "../../../agent/commands/inventory/inventory.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

async function run(options: Parameters<typeof inventoryCommand>[1]): Promise<string> {
  const host = new MemoryHost();
  host.install("/bin/node", (args) => ({ stdout: args.at(-1) === "cpu" ? '{"brand":"EPYC","cores":30}' : "" }));
  const printed: string[] = [];
  await inventoryCommand({ host, program: ["/bin/node"] }, options, (text) => void printed.push(text));
  return printed.join("");
}

test("as text and as JSON it has what is known, and what is not", async () => {
  const text = await run({ output: "text" });
  assert.match(text, /^CPU {7}EPYC, 30 threads$/m);
  assert.match(text, /^disks: not known: the reader exited with 0: nothing$/m);
  const { cpu, problems } = JSON.parse(await run({ output: "json" }));
  assert.deepEqual([cpu, problems.length], [{ brand: "EPYC", cores: 30 }, 3]);
});

test("a part is read in this process, by the library, as JSON", async () => {
  const { cores } = JSON.parse(await run({ output: "text", part: "cpu" }));
  assert.ok(cores > 0);
});
