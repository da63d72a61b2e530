// How often the daemon starts another program.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgramCounts } from "../../agent/health/program-counts.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const startsOf = (counts: ProgramCounts) =>
  Object.fromEntries(
    counts.metrics().flatMap(({ samples }) => samples().map(({ labels, value }) => [labels?.program, value])),
  );

test("each start is counted by the program's name, wherever it lies, and whether it succeeds", async () => {
  const memory = new MemoryHost();
  const counts = new ProgramCounts();
  const host = counts.counting(memory);
  assert.deepEqual(startsOf(counts), {});
  memory.install("ip", () => ({}));
  await host.run("ip", ["link"]);
  await host.run("/sbin/ip", ["link"]).catch(() => undefined);
  await host.run("missing", []).catch(() => undefined);
  assert.deepEqual(startsOf(counts), { ip: 2, missing: 1 });
});

test("a child is counted as a command is, and what a part asks of the machine beside them is the machine's", () => {
  const memory = new MemoryHost();
  const counts = new ProgramCounts();
  const host = counts.counting(memory);
  memory.install("kubelet", () => ({}));
  host.spawn("kubelet", [], {});
  assert.deepEqual(startsOf(counts), { kubelet: 1 });
  assert.equal(host.files, memory.files);
});
