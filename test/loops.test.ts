import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../agent/errors.ts";
import { createLoops, type LoopName, startLoops } from "../agent/loops.ts";
import { createParts } from "../agent/parts.ts";
import { MemoryAws } from "./fakes/memory-aws.ts";
import { MemoryHost } from "./fakes/memory-host.ts";
import { createMemoryLog } from "./fakes/memory-log.ts";
import { sampleConfig } from "./fakes/samples.ts";

function setUp(share?: number) {
  const host = new MemoryHost();
  if (share !== undefined) host.random = () => share;
  const stop = new AbortController();
  const parts = createParts({
    host,
    aws: new MemoryAws(host.clock.now),
    config: sampleConfig(),
    configFile: "/etc/eks-satellite/config.yaml",
    log: createMemoryLog().log,
    environment: { WATCHDOG_USEC: "90000000" },
    signal: stop.signal,
    emit: () => undefined,
  });
  const loops = createLoops(parts);
  const begun = () =>
    Object.values(loops)
      .filter(({ rounds }) => rounds > 0)
      .map(({ name }) => name);
  return { host, stop, parts, loops, begun };
}

test("a period is the configuration's, and systemd's a third of its watchdog", () => {
  const { parts, loops } = setUp();
  const { convergeSeconds, credentialsSeconds } = parts.config.intervals;
  const seconds = (name: LoopName) => loops[name].everySeconds;
  assert.deepEqual(
    [seconds("converge"), seconds("credentials"), seconds("systemd")],
    [convergeSeconds, credentialsSeconds, 30],
  );
});

test("six loops begin at once; the calls that need AWS's client come when kubelet has had its start", async (context) => {
  const { host, stop, loops, begun } = setUp();
  context.after(() => stop.abort());
  await startLoops(loops, stop.signal);
  await host.clock.advance(1000);
  assert.deepEqual(begun(), ["converge", "supplies", "credentials", "gpu", "disks", "entry"]);
  await host.clock.advance(14_000);
  assert.deepEqual(begun(), ["converge", "supplies", "credentials", "gpu", "cluster", "disks", "clock", "entry"]);
});

test("while a disk hangs the pings go on: another daemon would hang too, and kubelet would be gone", async (context) => {
  const { stop, loops, parts } = setUp();
  context.after(() => stop.abort());
  const pings: string[] = [];
  parts.systemd.ping = async () => void pings.push("ping");
  loops.converge.isHung = () => true;
  parts.board.setFailed("DiskAvailable", new SatelliteError("disk-hung", "/var does not answer"));
  await loops.systemd.trigger();
  assert.deepEqual(pings, ["ping"]);
});

test("while a loop hangs systemd gets no ping, so that its watchdog restarts the daemon", async (context) => {
  const { stop, loops, parts } = setUp();
  context.after(() => stop.abort());
  const pings: string[] = [];
  parts.systemd.ping = async () => void pings.push("ping");
  await loops.systemd.trigger();
  assert.deepEqual(pings, ["ping"]);
  loops.gpu.isHung = () => true;
  await loops.systemd.trigger();
  assert.deepEqual(pings, ["ping"]);
});

test("a round that fails as a whole says so in its condition, and keeps systemd's pings", async (context) => {
  const { stop, loops, parts, host } = setUp();
  context.after(() => stop.abort());
  const pings: string[] = [];
  parts.systemd.ping = async () => void pings.push("ping");
  const failing = async () => {
    throw new SatelliteError("file-unreadable", "/x could not be read");
  };
  Object.assign(parts.converger, { round: failing });
  Object.assign(parts.provisioning, { round: failing });
  await Promise.all([loops.converge.trigger(), loops.supplies.trigger()]);
  const reasonOf = (type: "ConfigInSync" | "ArtifactsInstalled") => parts.board.get(type).reason;
  assert.deepEqual([reasonOf("ConfigInSync"), reasonOf("ArtifactsInstalled")], ["FileUnreadable", "FileUnreadable"]);
  host.clock.jump(600_000);
  await loops.converge.trigger();
  assert.equal(loops.converge.isOverdue(), true);
  await loops.systemd.trigger();
  assert.deepEqual(pings, ["ping"]);
});

test("a next key and a packet size are looked for in the wake-up of other loops, and with each knock while something is under way", async (context) => {
  const { host, stop, loops, parts } = setUp();
  context.after(() => stop.abort());
  const times: Record<string, number[]> = { knock: [], key: [], mtu: [] };
  const note = (name: string) => async () => void times[name]?.push(host.clock.monotonic());
  let isFailing = false;
  const knock = () => note("knock")().then(() => (isFailing ? Promise.reject(new Error("no knock")) : undefined));
  const is = { calm: true, underWay: false };
  Object.assign(parts.tunnelWatch, {
    isNeeded: () => true,
    periodSeconds: () => (is.calm ? 10 : 2.5),
    round: knock,
    isCalm: () => is.calm,
  });
  Object.assign(parts.keyRotation, { isNeeded: () => true, isUnderWay: () => is.underWay, round: note("key") });
  Object.assign(parts.pathMtu, { isNeeded: () => true, round: note("mtu") });
  Object.assign(parts.gatewayFollower, { round: async () => undefined });
  await startLoops(loops, stop.signal);
  for (const [situation, { calm, underWay, isFailing: fails }] of Object.entries({
    calm: { calm: true, underWay: false, isFailing: false },
    "not calm": { calm: false, underWay: false, isFailing: true },
    "a key changes": { calm: true, underWay: true, isFailing: false },
  })) {
    for (const list of Object.values(times)) list.length = 0;
    Object.assign(is, { calm, underWay });
    isFailing = fails;
    await host.clock.advance(60_000);
    const { knock: knocks = [], ...looks } = times;
    const isQuiet = calm && !underWay;
    assert.ok(Math.abs(knocks.length - (isQuiet ? 6 : 24)) <= 1, `${situation}: ${knocks.length} knocks`);
    const phases = new Set(knocks.slice(1).map((time) => time % 10_000));
    if (isQuiet) assert.equal(phases.size, 1, "each comes soon after a moment of the other loops");
    for (const [name, list] of Object.entries(looks)) {
      const without = knocks.filter((time) => !list.includes(time)).length;
      assert.ok(isQuiet ? without >= 4 : without === 0, `${situation}: ${without} knocks without ${name}`);
      assert.ok(isQuiet ? list.length === 2 : list.length <= 27, `${situation}: ${name} ran ${list.length} times`);
    }
  }
});

test("loops wake the process up at the same moments, which are each daemon's own", async (context) => {
  const phases = new Set<number>();
  for (const share of [0, 0.123, 0.5, 0.999]) {
    const { host, stop, loops, parts } = setUp(share);
    context.after(() => stop.abort());
    const moments = new Set<number>();
    const note = async () => void moments.add(Math.round(host.clock.monotonic()));
    for (const part of ["converger", "provisioning", "session", "gpu", "health", "services", "podNetwork"] as const)
      Object.assign(parts[part], { round: note });
    await startLoops(loops, stop.signal);
    const beganMs = Math.round(host.clock.monotonic());
    moments.clear();
    await host.clock.advance(60_000);
    const [first = 0, ...others] = moments;
    assert.equal(moments.size, 6, `${[...moments]}`);
    for (const moment of others) assert.equal((moment - first) % 10_000, 0, `${[...moments]}`);
    phases.add((first - beganMs) % 10_000);
  }
  assert.equal(phases.size, 3, "0 and 0.5 of ten minutes are the same moment of 30 s");
});
