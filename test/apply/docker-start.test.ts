import assert from "node:assert/strict";
import { test } from "node:test";
import { untilDockerForwards } from "../../agent/apply/kernel.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const FORWARDING = "/proc/sys/net/ipv4/ip_forward";

function setUp(unit: { state: string; file: string } | undefined) {
  const host = new MemoryHost();
  host.files.put(FORWARDING, "0\n");
  if (unit !== undefined)
    host.install("systemctl", () => ({ stdout: `ActiveState=${unit.state}\nUnitFileState=${unit.file}\n` }));
  const beganMs = host.clock.monotonic();
  let endedMs: number | undefined;
  void untilDockerForwards(host).then(() => {
    endedMs = host.clock.monotonic() - beganMs;
  });
  return { host, ended: () => endedMs };
}

test("while Docker is to start, forwarding is left to it", async () => {
  for (const state of ["inactive", "activating"]) {
    const { host, ended } = setUp({ state, file: "enabled" });
    await host.clock.advance(3000);
    assert.equal(ended(), undefined, state);
    host.files.put(FORWARDING, "1\n");
    await host.clock.advance(250);
    assert.equal(ended(), 3250, state);
  }
});

test("a Docker that does not get on is waited for no longer than 20 s", async () => {
  const { host, ended } = setUp({ state: "activating", file: "enabled" });
  await host.clock.advance(60_000);
  assert.equal(ended(), 20_000);
});

test("one that has failed, that runs without forwarding, or that no boot starts is not waited for, and none is not either", async () => {
  for (const unit of [
    { state: "failed", file: "enabled" },
    { state: "active", file: "enabled" },
    { state: "inactive", file: "disabled" },
    { state: "inactive", file: "" },
    undefined,
  ]) {
    const { host, ended } = setUp(unit);
    await host.clock.advance(0);
    assert.equal(ended(), 0, JSON.stringify(unit));
  }
});

test("a Docker that fails meanwhile is waited for no more", async () => {
  const unit = { state: "activating", file: "enabled" };
  const { host, ended } = setUp(unit);
  await host.clock.advance(1000);
  unit.state = "failed";
  await host.clock.advance(1000);
  assert.equal(ended(), 1250);
});
