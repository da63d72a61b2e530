import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import type { HttpRequest } from "../../../agent/host/host.ts";
import { askApiServers, askGateway } from "../../../agent/network/watch/probes.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { sampleCluster } from "../../fakes/samples.ts";
import { sampleHealth } from "./samples.ts";

const failing = (code: string) => () => {
  throw new SatelliteError("http-failed", "not answered", { cause: Object.assign(new Error(code), { code }) });
};

test("the gateway is asked at its address in the VPC, without a proxy, bounded in size and time", async () => {
  const host = new MemoryHost();
  const requests: HttpRequest[] = [];
  host.onFetch = (request) => {
    requests.push(request);
    host.clock.jump(12);
    return { status: 200, body: JSON.stringify(sampleHealth()) };
  };
  assert.deepEqual(await askGateway(host, "10.20.1.5"), { kind: "answered", health: sampleHealth(), latencyMs: 12 });
  assert.deepEqual(requests, [
    { url: "http://10.20.1.5:51821/healthz", connectTo: "10.20.1.5", timeoutSeconds: 3, maxBytes: 65_536 },
  ]);
});

test("no answer, a refusal, and an answer of something else have reasons of their own", async () => {
  const host = new MemoryHost();
  const kinds: string[] = [];
  for (const onFetch of [
    failing("ETIMEDOUT"),
    failing("EHOSTUNREACH"),
    failing("ECONNREFUSED"),
    failing("ECONNRESET"),
    () => ({ status: 200, body: "<html>" }),
    () => ({ status: 200, body: "x".repeat(70_000) }),
  ]) {
    host.onFetch = onFetch;
    kinds.push((await askGateway(host, "10.20.1.5")).kind);
  }
  assert.deepEqual(kinds, ["silent", "silent", "refused", "silent", "foreign", "silent"]);
});

const ask = (host: MemoryHost, addresses: readonly string[], vpcCidrs = ["10.20.0.0/16"]) => {
  const apiServers = addresses.map((address) => ({ address, reach: "ok" as const }));
  return askApiServers(host, sampleHealth({ apiServers }), vpcCidrs, sampleCluster());
};

test("an API server is asked at its address, under the endpoint's name and with the cluster's CA; any answer will do", async () => {
  const host = new MemoryHost();
  const asked: (string | undefined)[] = [];
  host.onFetch = ({ url, connectTo, caPem }) => {
    asked.push(connectTo);
    assert.equal(url, `${sampleCluster().endpoint.toLowerCase()}/livez`);
    assert.equal(caPem, sampleCluster().caPem);
    return { status: 401, body: "" };
  };
  const reaches = await ask(host, ["10.20.1.10", "10.20.2.10"]);
  assert.deepEqual(
    reaches.map(({ fromHere }) => fromHere),
    ["ok", "ok"],
  );
  assert.deepEqual(asked, ["10.20.1.10", "10.20.2.10"]);
});

test("an address outside the VPC is never connected to: a gateway cannot send this machine anywhere", async () => {
  const host = new MemoryHost();
  const asked: (string | undefined)[] = [];
  host.onFetch = ({ connectTo }) => {
    asked.push(connectTo);
    return { status: 200, body: "ok" };
  };
  const reaches = await ask(host, ["169.254.169.254", "10.21.0.1", "127.0.0.1", "10.20.255.1"]);
  assert.deepEqual(asked, ["10.20.255.1"]);
  assert.deepEqual(
    reaches.map(({ fromHere }) => fromHere),
    [undefined, undefined, undefined, "ok"],
  );
});

test("at most four are asked; a foreign certificate, a refusal and silence have reasons of their own", async () => {
  const host = new MemoryHost();
  const codes = ["CERT_SIGNATURE_FAILURE", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET"];
  host.onFetch = ({ connectTo = "" }) => failing(codes[Number(connectTo.at(-1))] ?? "")();
  const addresses = Array.from({ length: 16 }, (_, index) => `10.20.1.${index}`);
  const reaches = await ask(host, addresses);
  assert.deepEqual(
    reaches.map(({ fromHere }) => fromHere),
    ["foreign", "refused", "silent", "silent"],
  );
});

test("in turn one is asked with TLS, and the others' ports are reached", async () => {
  const host = new MemoryHost();
  const asked: (string | undefined)[] = [];
  host.onFetch = ({ connectTo }) => {
    asked.push(connectTo);
    return { status: 200, body: "ok" };
  };
  host.onReach = (address, port) => {
    asked.push(`${address}:${port}`);
    return "silent";
  };
  const apiServers = ["10.20.1.10", "10.20.2.10"].map((address) => ({ address, reach: "ok" as const }));
  for (const turn of [0, 1])
    assert.deepEqual(
      (await askApiServers(host, sampleHealth({ apiServers }), ["10.20.0.0/16"], sampleCluster(), turn)).map(
        ({ fromHere }) => fromHere,
      ),
      turn === 0 ? ["ok", "silent"] : ["silent", "ok"],
    );
  assert.deepEqual(asked, ["10.20.1.10", "10.20.2.10:443", "10.20.1.10:443", "10.20.2.10"]);
});

test("without a description of the cluster there is no CA, and nothing is asked", async () => {
  const host = new MemoryHost();
  const [reach] = await askApiServers(host, sampleHealth(), ["10.20.0.0/16"], undefined);
  assert.deepEqual(reach, { address: "10.20.1.10", fromGateway: "ok", fromHere: undefined });
});
