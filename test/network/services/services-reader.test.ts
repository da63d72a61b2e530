import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import { askKubeProxy, observeServices } from "../../../agent/network/services/services-reader.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { sampleCluster, sampleConfig } from "../../fakes/samples.ts";

const UPDATED = "2026-11-28T22:37:06.087354824Z";

/** What kube-proxy answers to /healthz. */
function healthOf(status: number, body: unknown) {
  const fetch = async () => ({ status, body: typeof body === "string" ? body : JSON.stringify(body) });
  return askKubeProxy({ fetch });
}

function failure(code: string, kind: "http-failed" | "dns-failed" = "http-failed"): SatelliteError {
  return new SatelliteError(kind, "was not answered", { cause: Object.assign(new Error(code), { code }) });
}

/** A node on which all three answer. */
function setUp(more = "") {
  const host = new MemoryHost();
  const asked: string[] = [];
  host.onFetch = ({ url, caPem, connectTo }) => {
    asked.push(`${url} at ${connectTo}${caPem === undefined ? "" : " with the CA"}`);
    return url.startsWith("https:")
      ? { status: 401, body: "" }
      : { status: 200, body: JSON.stringify({ lastUpdated: UPDATED }) };
  };
  host.onNameServer = ({ server, hostname }) => {
    asked.push(`${server} ${hostname}`);
    return ["10.100.0.1"];
  };
  const question = { host, config: sampleConfig(more), cluster: sampleCluster(), address: "192.0.2.10" };
  return { host, asked, observe: () => observeServices(question) };
}

test("kube-proxy's own word decides, in the forms of its releases", async () => {
  const updatedAtMs = Date.parse(UPDATED);
  assert.deepEqual(await healthOf(200, { lastUpdated: UPDATED }), { kind: "fresh", updatedAtMs });
  assert.deepEqual(await healthOf(503, { lastUpdated: UPDATED }), { kind: "stale", updatedAtMs });
  const newer = { lastUpdated: UPDATED, healthy: true, nodeEligible: true, status: { IPv4: { healthy: true } } };
  assert.deepEqual(await healthOf(200, newer), { kind: "fresh", updatedAtMs });
  assert.deepEqual(await healthOf(503, { ...newer, healthy: false }), { kind: "stale", updatedAtMs });
});

test("a node that is about to be deleted has rules that are as fresh as any", async () => {
  assert.equal((await healthOf(503, { lastUpdated: UPDATED, nodeEligible: false })).kind, "fresh");
  assert.equal((await healthOf(503, { lastUpdated: UPDATED, nodeEligible: false, healthy: true })).kind, "fresh");
});

test("what listens on kube-proxy's port and is none counts as none", async () => {
  for (const body of ["ok", "", "null", "[]", { healthy: "yes" }, { lastUpdated: "x".repeat(100) }])
    assert.deepEqual(await healthOf(200, body), { kind: "absent" }, JSON.stringify(body));
});

test("a time that is none is left out", async () => {
  for (const lastUpdated of ["soon", "0001-01-01T00:00:00Z"])
    assert.deepEqual(await healthOf(200, { lastUpdated }), { kind: "fresh", updatedAtMs: undefined });
});

test("the questions are a pod's: no proxy, the cluster's CA, the name server that kubelet gives", async () => {
  const { asked, observe } = setUp();
  const { service, dns, route } = await observe();
  assert.deepEqual([service, dns.kind, route], ["ok", "answered", undefined]);
  assert.deepEqual(asked.toSorted(), [
    "10.100.0.10 kubernetes.default.svc.cluster.local",
    "http://127.0.0.1:10256/healthz at 127.0.0.1",
    "https://10.100.0.1/version at 10.100.0.1 with the CA",
  ]);
});

test("the cluster's domain is another where kubelet.config says so", async () => {
  const { asked, observe } = setUp("kubelet: { config: { clusterDomain: corp.internal } }");
  await observe();
  assert.ok(asked.includes("10.100.0.10 kubernetes.default.svc.corp.internal"), asked.join("\n"));
});

test("a Service that does not answer has a reason by how, with the way that its packets take", async () => {
  const { host, observe } = setUp();
  const route = '[{"dst":"10.100.0.1","gateway":"192.0.2.1","dev":"eth0","prefsrc":"192.0.2.10","flags":[]}]';
  host.install("ip", () => ({ stdout: route }));
  for (const [code, service] of [
    ["ECONNREFUSED", "refused"],
    ["ETIMEDOUT", "silent"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "foreign"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "foreign"],
    ["ECONNRESET", "silent"],
  ] as const) {
    host.onFetch = () => {
      throw failure(code);
    };
    const seen = await observe();
    assert.deepEqual([seen.service, seen.kubeProxy.kind], [service, "absent"]);
    assert.deepEqual(seen.route, { device: "eth0", source: "192.0.2.10" });
  }
});

test("a way that ip(8) does not say is not known", async () => {
  const { host, observe } = setUp();
  host.onFetch = () => {
    throw failure("ETIMEDOUT");
  };
  for (const stdout of ["", "[]", '[{"dev":7}]', "RTNETLINK answers: Network is unreachable"]) {
    host.install("ip", () => ({ stdout }));
    assert.equal((await observe()).route, undefined);
  }
});

test("an answer of DNS that is none has a reason by how", async () => {
  const { host, observe } = setUp();
  for (const [code, kind] of [
    ["ECONNREFUSED", "refused"],
    ["ETIMEOUT", "silent"],
    ["ECANCELLED", "silent"],
    ["ENOTFOUND", "unknown"],
    ["ESERVFAIL", "unknown"],
  ] as const) {
    host.onNameServer = () => {
      throw failure(code, "dns-failed");
    };
    assert.equal((await observe()).dns.kind, kind, code);
  }
});
