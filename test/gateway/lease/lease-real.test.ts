// The Lease of gateways at a real API server: what its RBAC lets a gateway do, and who of two holds it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseElection } from "../../../agent/gateway/lease/lease-election.ts";
import { LEASE_LIST_PATH, readLease, readLeaseList, renderLease } from "../../../agent/gateway/lease/lease-record.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import type { ApiClient } from "../../../agent/kubernetes/api-client.ts";
import { LEASE_PATH } from "../../../agent/tunnel/names.ts";
import { rbacPath, TUNNEL_RBAC } from "../../../agent/tunnel/rbac.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import { ApiServer, findApiServer } from "../real/api-server.ts";

const programs = findApiServer();
const skip = typeof programs === "string" ? programs : false;
const isForbidden = (request: Promise<unknown>) => assert.rejects(request, { code: "api-forbidden" });

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (isSo()) return;
    await sleep(20);
  }
  assert.fail("it was not so within 12 s");
}

describe("the Lease of gateways, by a real API server", { skip, concurrency: 1 }, () => {
  const server = new ApiServer({
    gpu1: ["system:node:gpu-1", "system:nodes"],
    gateway: ["arn:aws:sts::111122223333:assumed-role/gateway/i-1", "eks-satellite:gateways"],
  });
  let admin: ApiClient;
  before(async () => {
    if (typeof programs === "string") return;
    await server.start(programs);
    admin = server.as("admin");
    for (const object of TUNNEL_RBAC) await admin.post(rbacPath(object), object);
  });
  after(() => server.stop());

  test("a gateway makes, renews and gives up its own Lease, and no other; a PUT that is late is refused", async () => {
    const gateway = server.as("gateway");
    const nowMs = Date.now();
    const read = async () => readLeaseList(await gateway.get(LEASE_LIST_PATH));
    assert.equal(await read(), undefined);
    const first = readLease(await gateway.put(LEASE_PATH, renderLease({ holder: "a", nowMs, before: undefined })));
    assert.deepEqual([first.holder, first.transitions, first.durationMs], ["a", 1, 3000]);
    await assert.rejects(gateway.put(LEASE_PATH, renderLease({ holder: "b", nowMs, before: undefined })), {
      code: "api-failed",
      message: /resourceVersion/,
    });
    const second = readLease(await gateway.put(LEASE_PATH, renderLease({ holder: "a", nowMs, before: first })));
    assert.notEqual(second.resourceVersion, first.resourceVersion, "a clock that stands still hides no renewal");
    await assert.rejects(gateway.put(LEASE_PATH, renderLease({ holder: "b", nowMs, before: first })), {
      code: "api-conflict",
    });
    const free = readLease(await gateway.put(LEASE_PATH, renderLease({ holder: "", nowMs, before: second })));
    assert.deepEqual([free.holder, free.transitions, (await read())?.holder], ["", 1, ""]);
    const other = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "other" } };
    const leases = LEASE_PATH.slice(0, LEASE_PATH.lastIndexOf("/"));
    await isForbidden(gateway.post(leases, other));
    await isForbidden(gateway.put(`${leases}/other`, other));
    await isForbidden(gateway.delete(LEASE_PATH));
    await isForbidden(server.as("gpu1").get(LEASE_LIST_PATH));
  });

  test("of two gateways at a real API server one holds the Lease, and the other takes it within 4 s of its end", async (context) => {
    await admin.delete(LEASE_PATH);
    const { log } = createMemoryLog();
    const host = createLinuxHost();
    const stop = new AbortController();
    context.after(() => stop.abort());
    const [a, b] = ["a", "b"].map((name) => {
      const link = { isUp: true };
      const api = () => (link.isUp ? server.as("gateway") : undefined);
      const election = new LeaseElection({ host, log, api, identity: () => name, isFit: () => true });
      const run = async () => {
        for (; !stop.signal.aborted; await sleep(200)) await election.round();
      };
      void run();
      return { link, election };
    });
    assert.ok(a !== undefined && b !== undefined);
    await until(() => a.election.isHeld || b.election.isHeld);
    const [holder, other] = a.election.isHeld ? [a, b] : [b, a];
    await sleep(5000);
    assert.deepEqual([holder.election.isHeld, other.election.isHeld], [true, false]);
    holder.link.isUp = false;
    const began = performance.now();
    await until(() => other.election.isHeld);
    const ms = performance.now() - began;
    assert.ok(ms < 4000, `${ms} ms`);
    assert.equal(holder.election.isHeld, false);
    holder.link.isUp = true;
    const release = other.election.release(10_000);
    await until(() => holder.election.isHeld);
    await release;
  });
});
