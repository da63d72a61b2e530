import assert from "node:assert/strict";
import { test } from "node:test";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { endingCommands, replacing } from "../../agent/host/replacing.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("a replaced member takes the place of an object's own; its private state still works", async () => {
  const host = new MemoryHost();
  host.install("true", () => ({ stdout: "yes" }));
  const replaced = replacing(host, { random: () => 0.5 });
  assert.equal(replaced.random(), 0.5);
  assert.equal((await replaced.run("true", [])).stdout, "yes");
});

test("a command that runs when the signal aborts is ended, and has no answer; later ones do not begin", async () => {
  const stop = new AbortController();
  const host = endingCommands(createLinuxHost(), stop.signal);
  assert.equal((await host.run("true", [])).exitCode, 0);
  const beganMs = host.clock.monotonic();
  const running = host.run("sleep", ["20"]);
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(running, { code: "daemon-stopping" });
  assert.ok(host.clock.monotonic() - beganMs < 10_000);
  await assert.rejects(host.run("true", []), { code: "daemon-stopping" });
});
