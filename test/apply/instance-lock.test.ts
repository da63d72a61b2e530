import assert from "node:assert/strict";
import { test } from "node:test";
import { findLockHolder, takeInstanceLock } from "../../agent/apply/instance-lock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const STATE = "/var/lib/eks-satellite";

/** A machine on which another process holds the lock. */
async function setUp(unit?: string) {
  const host = new MemoryHost();
  const other = host.processes.start({ name: "node", ...(unit === undefined ? {} : { unit }) });
  await host.files.lock(`${STATE}/lock`, JSON.stringify({ pid: other.pid }));
  return { host, other };
}

test("a second daemon is refused with the first one's pid and unit, and nothing is written", async () => {
  const { host, other } = await setUp("eks-satellite.service");
  await assert.rejects(takeInstanceLock(host, STATE), {
    code: "already-running",
    message: `eks-satellite runs already with pid ${other.pid} in eks-satellite.service, and holds ${STATE}/lock; nothing was done`,
    hint: /systemctl stop eks-satellite\.service/,
  });
  assert.deepEqual(host.files.changes, []);
});

test("a holder outside any unit, or one that has not written its pid yet, is refused too", async () => {
  const { host, other } = await setUp();
  await assert.rejects(takeInstanceLock(host, STATE), { message: new RegExp(`pid ${other.pid},`), hint: /ps -fp/ });
  host.files.put(`${STATE}/lock`, "");
  await assert.rejects(takeInstanceLock(host, STATE), { message: /runs already, and holds/ });
});

test("the holder is found without taking the lock for good; a free lock has none", async () => {
  const { host, other } = await setUp("eks-satellite.service");
  assert.deepEqual(await findLockHolder(host, STATE), { pid: other.pid, unit: "eks-satellite.service" });
  const free = new MemoryHost();
  assert.equal(await findLockHolder(free, STATE), undefined);
  const lock = await takeInstanceLock(free, STATE);
  await lock.release();
  assert.equal(await findLockHolder(free, STATE), undefined);
  assert.ok(await takeInstanceLock(free, STATE));
});

test("a state folder on a disk that takes no lock keeps no daemon from starting, and says why there is none", async () => {
  const host = new MemoryHost();
  host.files.refuseWrites("/var", "EROFS");
  const lock = await takeInstanceLock(host, STATE);
  assert.equal((lock.problem as { code?: string }).code, "file-unwritable");
  await lock.release();
});
