import assert from "node:assert/strict";
import { test } from "node:test";
import { DiskWatch } from "../../agent/node/disk-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const FOLDER = "/var/lib/kubelet";
const PROBE = "/var/lib/eks-satellite/disk-probe";

function setUp() {
  const host = new MemoryHost();
  const board = createBoard(createMemoryLog().log, host.clock);
  const disks = new DiskWatch({ host, config: sampleConfig(), board });
  return { host, board, watch: () => disks.round() };
}

/** From now on one folder's file system answers when `answer` is called, and not before. */
function hang(host: MemoryHost) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const space = host.files.space.bind(host.files);
  const asked = { count: 0 };
  host.files.space = async (path) => {
    if (path === FOLDER) {
      asked.count += 1;
      await promise;
    }
    return space(path);
  };
  return { asked, answer: resolve };
}

test("a file system below kubelet's limits is named with what it has left", async () => {
  const { host, board, watch } = setUp();
  const space = { totalBytes: 100 * 2 ** 20, availableBytes: 5 * 2 ** 20, totalInodes: 0, freeInodes: 0 };
  host.files.spaces.set("/var/lib/kubelet", space);
  await watch();
  assert.match(board.get("DiskAvailable").message, /^\/var\/lib\/kubelet has 5\.0 % of its space left \(5 MiB\)/);
  host.files.spaces.set("/var/lib/kubelet", {
    ...space,
    availableBytes: 50 * 2 ** 20,
    totalInodes: 100,
    freeInodes: 4,
  });
  await watch();
  assert.match(board.get("DiskAvailable").message, /4\.0 % of its inodes left/);
  host.files.spaces.delete("/var/lib/kubelet");
  await watch();
  assert.equal(board.get("DiskAvailable").status, "True");
});

test("a file system that does not answer is named within 10 s, with how long it has been away", async () => {
  const { host, board, watch } = setUp();
  hang(host);
  const rounds: Promise<void>[] = [];
  for (let round = 0; round < 3; round++) {
    rounds.push(watch());
    await host.clock.advance(30_000);
  }
  await Promise.all(rounds);
  const { reason, message, hint } = board.get("DiskAvailable");
  assert.deepEqual([reason, message], ["DiskHung", `the file system of ${FOLDER} has not answered for 70 s`]);
  assert.match(hint ?? "", /dmesg/);
});

test("one that hangs is asked once, whatever the number of rounds: each question holds a thread", async () => {
  const { host, board, watch } = setUp();
  const { asked, answer } = hang(host);
  for (let round = 0; round < 20; round++) {
    const running = watch();
    await host.clock.advance(30_000);
    await running;
  }
  assert.equal(asked.count, 1);
  answer();
  await settle();
  await watch();
  assert.equal(board.get("DiskAvailable").status, "True");
  assert.equal(asked.count, 2);
});

test("a file system that takes no writes is named, and so is one that says so at the write alone", async () => {
  const { host, board, watch } = setUp();
  const reason = () => [board.get("DiskAvailable").reason, board.get("DiskAvailable").message.split(";")[0]];
  host.files.spaces.set(FOLDER, { ...host.files.defaultSpace, isReadOnly: true });
  await watch();
  assert.deepEqual(reason(), ["DiskReadOnly", `the file system of ${FOLDER} is read-only`]);
  host.files.spaces.delete(FOLDER);
  host.files.refuseWrites(PROBE, "EROFS");
  await host.clock.advance(60_000);
  await watch();
  assert.deepEqual(reason(), ["DiskReadOnly", "the file system of /var/lib/eks-satellite is read-only"]);
  host.files.allowWrites();
  await watch();
  assert.deepEqual(board.get("DiskAvailable").status, "True");
});

test("a write that fails otherwise is the condition's", async () => {
  const { host, board, watch } = setUp();
  host.files.refuseWrites(PROBE, "ENOSPC");
  await watch();
  assert.equal(board.get("DiskAvailable").reason, "DiskFull");
});

test("a disk whose room is known and that takes no write is named after a minute, is asked once, and is well again by itself", async () => {
  const { host, board, watch } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  const write = host.files.write.bind(host.files);
  let writes = 0;
  host.files.write = async (...args) => {
    writes += 1;
    await promise;
    return write(...args);
  };
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) {
      const running = watch();
      await host.clock.advance(30_000);
      await running;
    }
  };
  await rounds(2);
  assert.equal(board.get("DiskAvailable").status, "True", "a disk may be busy");
  await rounds(2);
  const { reason, message } = board.get("DiskAvailable");
  assert.deepEqual(
    [reason, message],
    ["DiskHung", "the file system of /var/lib/eks-satellite has taken no write for 100 s"],
  );
  assert.equal(writes, 1);
  resolve();
  await settle();
  await watch();
  assert.equal(board.get("DiskAvailable").status, "True");
});

test("a disk that is well is written to once a minute", async () => {
  const { host, watch } = setUp();
  for (let round = 0; round < 20; round++) {
    await watch();
    await host.clock.advance(30_000);
  }
  assert.deepEqual(host.files.changes, Array(10).fill(`write ${PROBE}`));
});

test("an answer in time leaves no sleeper behind, and one that is an error is the condition's", async () => {
  const { host, board, watch } = setUp();
  host.files.space = async () => {
    throw Object.assign(new Error("EIO: i/o error, statfs"), { code: "EIO" });
  };
  await watch();
  assert.equal(board.get("DiskAvailable").status, "False");
  assert.match(board.get("DiskAvailable").message, /EIO/);
});
