import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import { CONFIG_FILE, setUpCheck } from "../../fakes/check-machine.ts";
import { MINIMAL_CONFIG } from "../../fakes/samples.ts";

function setUp(dns: string) {
  const world = setUpCheck();
  world.host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nnetwork: { dns: ${dns} }\n`);
  return world;
}

test("dns-cache: not used with dns cluster, and the time of an answer where it is", async () => {
  const unused = await setUp("cluster").find("dns-cache");
  assert.deepEqual([unused.outcome, unused.evidence], ["ok", "not used: pods ask cluster DNS (network.dns: cluster)"]);
  const { host, find } = setUp("cached");
  host.onNameServer = () => ["10.100.0.1"];
  const before = host.onFetch;
  host.onFetch = (request) =>
    request.url.endsWith(":9913/metrics")
      ? { status: 200, body: 'coredns_build_info{version="1"} 1\n' }
      : before(request);
  const { outcome, evidence } = await find("dns-cache");
  assert.equal(outcome, "ok");
  assert.match(evidence, /the cache at 169\.254\.20\.10 knows kubernetes\.default\.svc\.cluster\.local, in [\d.]+ ms/);
});

test("dns-cache: one that is away fails with the daemon's own words", async () => {
  const { host, find } = setUp("cached");
  host.files.put("/proc/net/tcp", "head\n 0: 00000000:0035 00000000:0000 0A 0 0 0 0 0 4711\n");
  host.onNameServer = () => {
    throw new SatelliteError("dns-failed", "no answer");
  };
  const { evidence } = await find("dns-cache");
  assert.match(evidence, /port 53 of 169\.254\.20\.10 is taken/);
});
