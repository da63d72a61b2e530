import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsCacheStep } from "../../agent/reset/dns-cache.ts";
import type { StepOptions } from "../../agent/reset/step.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("the address of the cache goes, once; a machine without ip(8) has none", async () => {
  const host = new MemoryHost();
  const step = dnsCacheStep({ host } as unknown as StepOptions);
  assert.deepEqual(await step.list(), []);
  let isThere = true;
  host.install("ip", (args) => {
    if (args.includes("delete")) isThere = false;
    return { stdout: isThere ? "1: lo    inet 169.254.20.10/32 scope host lo:es-dns\n" : "" };
  });
  assert.deepEqual(await step.list(), ["remove the address 169.254.20.10 of lo"]);
  await step.run();
  assert.deepEqual(await step.list(), []);
});
