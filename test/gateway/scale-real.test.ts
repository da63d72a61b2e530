// 500 satellites on one gateway: a real API server, real WireGuard, and one satellite whose packets pass meanwhile.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findPrograms } from "../network/real/programs.ts";
import { findApiServer } from "./real/api-server.ts";
import { SATELLITES, VPC_HOST } from "./real/peers-lab.ts";
import { cpuSeconds, ScaleGateway, times } from "./real/scale-gateway.ts";

const SATELLITES_OF_CLUSTER = 500;
const programs = findPrograms();
const apiPrograms = findApiServer();
const skip = [programs, apiPrograms].find((found) => typeof found === "string") ?? false;

describe("a gateway of 500 satellites", { skip: typeof skip === "string" ? skip : false, concurrency: 1 }, () => {
  let gateway: ScaleGateway;
  before(async () => {
    if (typeof programs === "string" || typeof apiPrograms === "string") return;
    gateway = new ScaleGateway(programs);
    await gateway.up(apiPrograms, 1);
    await gateway.run(1);
    const answers = { count: 10, everyMs: 500, from: SATELLITES.a };
    assert.ok((await gateway.lab.packets("a", VPC_HOST, answers)) > 0, "the tunnel is up");
  });
  after(() => gateway?.down());

  test("499 satellites that come at once cost another none of its packets", async (context) => {
    const others = times(SATELLITES_OF_CLUSTER - 1, 1);
    await Promise.all(others.map((index) => gateway.makeNode(index)));
    const pings = gateway.lab.packets("vpc", SATELLITES.a, { count: 400, everyMs: 10, from: VPC_HOST });
    const began = performance.now();
    await gateway.enter(others);
    await gateway.untilPeers(SATELLITES_OF_CLUSTER);
    context.diagnostic(`499 peers more after ${Math.round(performance.now() - began)} ms`);
    assert.equal(await pings, 400);
  });

  test("a key that changes is in force within seconds, and costs the others nothing", async (context) => {
    const pings = gateway.lab.packets("vpc", SATELLITES.a, { count: 400, everyMs: 10, from: VPC_HOST });
    const cpu = cpuSeconds();
    const milliseconds: number[] = [];
    const syncs: number[] = [];
    for (const index of times(10, 100)) {
      milliseconds.push(Math.round(await gateway.changeKey(index, 1)));
      syncs.push(Math.round(gateway.sync.numbers.lastSyncSeconds * 1000));
    }
    const cpuMs = Math.round((cpuSeconds() - cpu) * 100);
    context.diagnostic(`10 keys changed in ${milliseconds.join(" ")} ms, with ${cpuMs} ms of a processor each`);
    context.diagnostic(`the syncs took ${syncs.join(" ")} ms`);
    assert.ok(Math.max(...milliseconds) < 5000, milliseconds.join());
    assert.equal(await pings, 400);
  });
});
