import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import { DnsCacheWatch } from "../../../agent/network/dns/dns-cache-watch.ts";
import { createBoard } from "../../fakes/board.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { sampleCluster, sampleConfig } from "../../fakes/samples.ts";

const HOUR_MS = 3_600_000;

/** A node whose cache answers, until the test says otherwise. */
function setUp(yaml = "network: { dns: cached }") {
  const host = new MemoryHost();
  const { log, lines } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const cache = { runs: true, answer: "known" as "known" | "unknown" | "silent", stale: 0, askers: 0, ageMs: HOUR_MS };
  host.onFetch = ({ url }) => {
    assert.equal(url, "http://169.254.20.10:9913/metrics");
    if (!cache.runs) throw new SatelliteError("http-failed", "nothing listens");
    const zone = `{server="dns://127.0.0.1:9914",zones=""}`;
    const body = `coredns_build_info{version="1.12.4"} 1\ncoredns_cache_hits_total${zone} 7\ncoredns_cache_served_stale_total${zone} ${cache.stale}\n`;
    return { status: 200, body };
  };
  host.onNameServer = ({ server, hostname }) => {
    assert.deepEqual([server, hostname], ["169.254.20.10", "kubernetes.default.svc.cluster.local"]);
    if (cache.runs && cache.answer === "known") return ["10.100.0.1"];
    const code = cache.answer === "unknown" ? "ENOTFOUND" : "ETIMEOUT";
    throw new SatelliteError("dns-failed", "no answer", { cause: Object.assign(new Error(), { code }) });
  };
  const watch = new DnsCacheWatch({
    ...{ host, board, config: sampleConfig(yaml), kubelet: () => ({ ageMs: cache.ageMs }) },
    facts: () => ({ cluster: sampleCluster(), dns: { nameServers: [], askers: cache.askers } }),
  });
  const seen = () => `${board.get("DnsCacheWorking").status} ${board.get("DnsCacheWorking").reason}`;
  /** Asks, and lets what was found last. */
  const settle = async () => {
    await watch.round();
    await host.clock.advance(31_000);
    return seen();
  };
  return { host, board, cache, watch, settle, lines };
}

test("with dns cluster nothing is asked, and nothing is said", async () => {
  const { settle, lines, host } = setUp("");
  host.onNameServer = () => assert.fail("asked");
  assert.equal(await settle(), "True NotUsed");
  assert.deepEqual(
    lines.filter(({ condition }) => condition === "DnsCacheWorking"),
    [],
  );
});

test("a cache that answers is counted; one that gives what has expired says so, until it does not any more", async () => {
  const { settle, cache, watch } = setUp();
  assert.equal(await settle(), "True Answers");
  const values = watch
    .metrics()
    .flatMap(({ name, samples }) => samples().map(({ value, labels }) => [name, labels?.kind, value]));
  assert.ok(
    values.some(
      ([name, kind, value]) => name === "eks_satellite_dns_cache_answers_total" && kind === "hit" && value === 7,
    ),
  );
  cache.stale = 3;
  assert.equal(await settle(), "True ServesStale");
  assert.equal(await settle(), "True Answers");
  cache.answer = "unknown";
  assert.equal(await settle(), "True ServesStale");
});

test("a restart of the cache, which counts from nothing again, is no stale answer", async () => {
  const { settle, cache } = setUp();
  cache.stale = 100;
  await settle();
  cache.stale = 2;
  assert.equal(await settle(), "True Answers");
});

test("a cache that is away is named with its cause: its port, its pod, its container", async () => {
  const { settle, cache, host, board } = setUp();
  await settle();
  cache.runs = false;
  assert.equal(await settle(), "False DnsCacheNotRunning");
  assert.match(board.get("DnsCacheWorking").hint ?? "", /registry\.k8s\.io\/coredns/);
  host.onGrpc = () => ({ status: 0, statusMessage: "", message: new Uint8Array() });
  assert.equal(await settle(), "False DnsCachePodMissing");
  host.files.put("/proc/net/udp", "head\n 0: 00000000:0035 00000000:0000 07 0 0 0 0 0 4711\n");
  assert.equal(await settle(), "False DnsPortTaken");
  cache.runs = true;
  assert.equal(await settle(), "True Answers");
});

test("a cache whose numbers come and whose answers do not is behind a firewall", async () => {
  const { settle, cache } = setUp();
  cache.answer = "silent";
  assert.equal(await settle(), "False DnsCacheSilent");
});

test("a node that has just started has no cache yet", async () => {
  const { settle, cache } = setUp();
  Object.assign(cache, { runs: false, ageMs: 5000 });
  assert.equal(await settle(), "Unknown Starting");
});

test("after cached → cluster the pods that still ask it are said, and its failure too", async () => {
  const { settle, cache, board } = setUp("");
  cache.askers = 2;
  assert.equal(await settle(), "True StillUsed");
  assert.match(board.get("DnsCacheWorking").message, /\(2\)/);
  cache.runs = false;
  assert.equal(await settle(), "False DnsCacheNotRunning");
  Object.assign(cache, { askers: 0 });
  assert.equal(await settle(), "True NotUsed");
});
