import assert from "node:assert/strict";
import { test } from "node:test";
import { minutes, seconds, secondsOf } from "../agent/duration.ts";
import { sampleConfig } from "./fakes/samples.ts";

test("a duration has a number and a unit", () => {
  assert.deepEqual(["90s", "5m", "1h", "2d", " 7m "].map(secondsOf), [90, 300, 3600, 172_800, 420]);
  for (const text of ["", "5", "m", "5 m", "-5m", "1.5h", "5min", "1e3s", "1234567890s"])
    assert.equal(secondsOf(text), undefined, text);
});

test("a key takes a number of its unit or a duration, and both mean the same", () => {
  assert.deepEqual(
    [300, "300s", "5m"].map((value) => seconds(1, 600).parse(value)),
    [300, 300, 300],
  );
  assert.deepEqual(
    [120, "120m", "2h"].map((value) => minutes(1, 1440).parse(value)),
    [120, 120, 120],
  );
});

test("what is out of range, no whole number of the unit, or no duration is refused with the range", () => {
  for (const value of ["0s", "11m", "soon", "5", true, null, []]) {
    const { error } = seconds(1, 600).safeParse(value);
    assert.match(error?.issues[0]?.message ?? "", /must be 1 to 600 seconds|expected number/, String(value));
  }
  assert.ok(!minutes(1, 1440).safeParse("90s").success);
  assert.ok(!seconds(1, 600).safeParse(601).success);
});

test("every length of time of the configuration may be written so", () => {
  const { intervals, kubelet, network, credentials } = sampleConfig(`
intervals: { convergeSeconds: 1m, credentialsSeconds: 10s, tokenSeconds: 5m, clusterSeconds: 1d, runtimeSeconds: 30s }
kubelet: { stopSeconds: 1m, upgradeWindow: "0 3 * * 0", upgradeWindowMinutes: 3h }
network: { tunnel: { keepaliveSeconds: 25s } }
`);
  assert.deepEqual(Object.values(intervals), [60, 10, 300, 86_400, 30]);
  assert.deepEqual([kubelet.stopSeconds, kubelet.upgradeWindowMinutes], [60, 180]);
  assert.equal(network.tunnel.keepaliveSeconds, 25);
  assert.equal(credentials.assumeRole?.durationSeconds, 3600);
});
