import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { EntrySource } from "../../agent/network/entry-source.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { MemoryApi } from "../fakes/memory-node-api.ts";
import { clusterMaps } from "./samples.ts";

const NETWORK = "eks-satellite-network";
const GATEWAYS = "eks-satellite-gateways";

function setUp() {
  const host = new MemoryHost();
  const api = new MemoryApi();
  const put = (name: string, data: Readonly<Record<string, string>>, version = "1") =>
    api.configMaps.set(name, { version, data: { ...data } });
  const { network, gateways } = clusterMaps();
  put(NETWORK, network);
  put(GATEWAYS, gateways);
  return { host, api, put, network, gateways, source: new EntrySource(host.clock, "gpu-1") };
}

test("an entry that has not changed is asked for by its version, and not sent again", async () => {
  const { api, source, put, network } = setUp();
  assert.equal((await source.ask(api, false))?.kind, "entry");
  assert.equal((await source.ask(api, true))?.kind, "entry");
  put(NETWORK, network, "2");
  await source.ask(api, true);
  assert.deepEqual(
    api.configMapReads.map((read) => read.replace("eks-satellite-", "")),
    [
      "network found",
      "gateways found",
      "network unchanged",
      "gateways unchanged",
      "network found",
      "gateways unchanged",
    ],
  );
});

test("a node without an entry asks one question, and never for the gateways", async () => {
  const { api, source, put, network } = setUp();
  const { "gpu-1": _, ...others } = network;
  put(NETWORK, others);
  assert.equal((await source.ask(api, false))?.kind, "no-entry");
  api.configMaps.delete(NETWORK);
  assert.equal((await source.ask(api, false))?.kind, "no-network");
  assert.deepEqual(api.configMapReads, [`${NETWORK} found`, `${NETWORK} absent`]);
});

test("a node that may not read them has no tunnel", async () => {
  const { api, source } = setUp();
  api.failure = new SatelliteError("api-forbidden", "a test");
  assert.equal((await source.ask(api, false))?.kind, "forbidden");
});

test("what a node had holds for a while: a ConfigMap may be written anew, and a right may come back", async () => {
  for (const [isForbidden, holdMs, kind] of [
    [false, 90_000, "no-network"],
    [true, 600_000, "forbidden"],
  ] as const) {
    const { host, api, source } = setUp();
    await source.ask(api, false);
    if (isForbidden) api.failure = new SatelliteError("api-forbidden", "a test");
    else api.configMaps.clear();
    assert.equal(await source.ask(api, true), undefined);
    await host.clock.advance(holdMs - 1);
    assert.equal(await source.ask(api, true), undefined);
    await host.clock.advance(1);
    assert.equal((await source.ask(api, true))?.kind, kind);
  }
});

test("an API server that is away is an error, and nothing is forgotten", async () => {
  const { api, source } = setUp();
  await source.ask(api, false);
  api.failure = new SatelliteError("api-unreachable", "a test");
  await assert.rejects(source.ask(api, true), { code: "api-unreachable" });
  api.failure = undefined;
  await source.ask(api, true);
  assert.deepEqual(api.configMapReads.slice(-2), [`${NETWORK} unchanged`, `${GATEWAYS} unchanged`]);
});
