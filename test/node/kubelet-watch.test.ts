import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { KubeletWatch } from "../../agent/node/kubelet-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const ROUND_MS = 30_000;
const fail = (code: string) => () => {
  throw Object.assign(new Error("no answer"), { cause: Object.assign(new Error(code), { code }) });
};

function setUp() {
  const host = new MemoryHost();
  const memoryLog = createMemoryLog();
  const board = createBoard(memoryLog.log, host.clock);
  const child = host.processes.start({ name: "kubelet" });
  const kubelet = { pid: child.pid, beganMs: host.clock.monotonic() - 600_000 };
  const restarts: string[] = [];
  const watch = new KubeletWatch({
    ...{ host, board, log: memoryLog.log },
    kubelet: () => ({ pid: kubelet.pid, ageMs: host.clock.monotonic() - kubelet.beganMs }),
    restartKubelet: (reason) => void restarts.push(reason),
  });
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) {
      await watch.round();
      host.clock.jump(ROUND_MS);
    }
  };
  host.onFetch = () => ({ status: 200, body: "ok" });
  return { host, board, kubelet, restarts, watch, rounds, ...memoryLog };
}

test("a kubelet that has not answered for 90 s is restarted, and that is said once", async () => {
  const { host, board, restarts, rounds, messages } = setUp();
  await rounds(2);
  host.onFetch = fail("ETIMEDOUT");
  await rounds(3);
  assert.deepEqual(restarts, []);
  await rounds(1);
  assert.deepEqual(restarts, ["hung"]);
  assert.deepEqual(messages("warn"), [`kubelet (pid 101) has not answered for 90 s; it is ended and started again`]);
  const { reason, pending } = board.get("KubeletRunning");
  assert.ok([reason, pending?.reason].includes("KubeletHung"));
  await rounds(2);
  assert.deepEqual(restarts, ["hung"], "the silence of the next one is its own");
});

test("a kubelet that waits for a disk that hangs is left alone until the disk is back", async () => {
  const { host, board, restarts, rounds } = setUp();
  board.setFailed("DiskAvailable", new SatelliteError("disk-hung", "the disk is away"));
  host.onFetch = fail("ETIMEDOUT");
  await rounds(10);
  assert.deepEqual(restarts, []);
  board.setTrue("DiskAvailable", "Available", "the disk is back");
  await rounds(3);
  assert.deepEqual(restarts, [], "it has its time again");
  await rounds(1);
  assert.deepEqual(restarts, ["hung"]);
});

test("an answer, be it a bad one, begins the silence anew", async () => {
  const { host, restarts, rounds } = setUp();
  for (const answer of [200, 500]) {
    host.onFetch = fail("ECONNREFUSED");
    await rounds(3);
    host.onFetch = () => ({ status: answer, body: "" });
    await rounds(1);
  }
  assert.deepEqual(restarts, []);
});

test("a kubelet that has just been started is given its minute first", async () => {
  const { host, kubelet, restarts, rounds } = setUp();
  kubelet.beganMs = host.clock.monotonic();
  host.onFetch = fail("ECONNREFUSED");
  await rounds(5);
  assert.deepEqual(restarts, []);
  await rounds(1);
  assert.deepEqual(restarts, ["hung"]);
});

test("a standstill of the daemon itself, however long, is no silence of kubelet's", async () => {
  const { host, restarts, rounds } = setUp();
  host.onFetch = fail("ETIMEDOUT");
  await rounds(1);
  host.clock.jump(3_600_000);
  await rounds(1);
  assert.deepEqual(restarts, []);
});

test("a daemon that is out of file descriptors does not blame kubelet", async () => {
  const { host, restarts, rounds } = setUp();
  host.onFetch = fail("EMFILE");
  await rounds(10);
  assert.deepEqual(restarts, []);
});

test("the time of day is not asked", async () => {
  const { host, restarts, rounds } = setUp();
  host.onFetch = fail("ETIMEDOUT");
  await rounds(1);
  host.clock.set(86_400_000);
  await rounds(2);
  assert.deepEqual(restarts, []);
});

test("a pod that answers in kubelet's place is not believed, and ended", async () => {
  const { host, board, restarts, rounds } = setUp();
  const pod = host.processes.start({ name: "fake", cgroup: "/kubepods.slice/x.scope", userId: 1000 });
  host.files.put("/proc/net/tcp", "sl\n 0: 0100007F:2808 00000000:0000 0A 0:0 0:0 0 0 0 77 1\n");
  host.files.putLink(`/proc/${pod.pid}/fd/3`, "socket:[77]");
  await rounds(1);
  assert.deepEqual(pod.signals, ["SIGKILL"]);
  assert.notEqual(board.get("KubeletRunning").status, "True");
  assert.deepEqual(restarts, []);
});

test("kubelet's own listener is believed, and that of the program which a wrapper at kubelet.path has started", async () => {
  for (const isWrapped of [false, true]) {
    const { host, board, kubelet, rounds } = setUp();
    const holder = isWrapped ? host.processes.start({ name: "kubelet" }).pid : kubelet.pid;
    const stat = host.files.peek(`/proc/${holder}/stat`)?.content ?? "";
    if (isWrapped) host.files.put(`/proc/${holder}/stat`, stat.replace(" S 1 0 ", ` S 1 ${kubelet.pid} `));
    host.files.put("/proc/net/tcp", "sl\n 0: 0100007F:2808 00000000:0000 0A 0:0 0:0 0 0 0 77 1\n");
    host.files.putLink(`/proc/${holder}/fd/3`, "socket:[77]");
    await rounds(1);
    assert.equal(board.isTrue("KubeletRunning"), true, String(isWrapped));
  }
});

test("while kubelet holds the socket by the descriptor that was found, one link is read and no table of the kernel", async () => {
  const { host, board, kubelet, rounds } = setUp();
  const table = "sl\n 0: 0100007F:2808 00000000:0000 0A 0:0 0:0 0 0 0 77 1\n";
  host.files.put("/proc/net/tcp", table);
  for (const descriptor of [3, 4, 5])
    host.files.putLink(`/proc/${kubelet.pid}/fd/${descriptor}`, `socket:[${descriptor + 73}]`);
  await rounds(1);
  host.files.remove("/proc/net/tcp");
  const read: string[] = [];
  const readLink = host.files.readLink.bind(host.files);
  host.files.readLink = (path) => {
    read.push(path);
    return readLink(path);
  };
  await rounds(2);
  assert.deepEqual(
    read,
    Array.from({ length: 2 }, () => `/proc/${kubelet.pid}/fd/4`),
  );
  assert.equal(board.isTrue("KubeletRunning"), true);
  // The descriptor leads elsewhere, and a pod has the port.
  host.files.put("/proc/net/tcp", table.replace(" 77 ", " 78 "));
  host.files.putLink(`/proc/${kubelet.pid}/fd/4`, "socket:[99]");
  host.files.putLink(`/proc/${kubelet.pid}/fd/5`, "socket:[98]");
  const pod = host.processes.start({ name: "fake", cgroup: "/kubepods.slice/x.scope", userId: 1000 });
  host.files.putLink(`/proc/${pod.pid}/fd/3`, "socket:[78]");
  await rounds(1);
  assert.deepEqual(pod.signals, ["SIGKILL"]);
});
