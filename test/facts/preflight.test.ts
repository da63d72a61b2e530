import assert from "node:assert/strict";
import { test } from "node:test";
import { checkForeignKubelet, checkPort, checkSwap, checkVersionSkew } from "../../agent/facts/preflight.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import type { ProcessOptions } from "../fakes/memory-processes.ts";
import { sampleConfig } from "../fakes/samples.ts";

const TCP_HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const tcpRow = (local: string, state: string, inode = "4711") =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0\n`;

test("swap is an obstacle that says how to turn it off", () => {
  assert.throws(() => checkSwap(sampleConfig(), 2 * 2 ** 30), {
    code: "swap-on",
    message: /2048 MiB/,
    hint: /swapoff -a/,
  });
});

test("no swap, or a kubelet that is configured to accept it, is no obstacle", () => {
  checkSwap(sampleConfig(), 0);
  checkSwap(sampleConfig("kubelet: { config: { failSwapOn: false } }"), 2 ** 30);
});

test("kubelet may be as new as the API server or up to three minors older", () => {
  for (const version of ["1.34.4", "1.34.0", "1.33.9", "1.31.14"]) checkVersionSkew(version, "1.34");
  for (const version of ["1.35.0", "1.30.9"])
    assert.throws(() => checkVersionSkew(version, "1.34"), {
      code: "version-skew",
      message: new RegExp(`kubelet ${version} does not fit`),
      hint: "Install a kubelet between 1.31 and 1.34.",
    });
});

test("another kubelet is refused with its pid and its unit", async () => {
  const host = new MemoryHost();
  await checkForeignKubelet(host);
  const { pid } = host.processes.start({ name: "kubelet", unit: "snap.kubelet.service" });
  await assert.rejects(checkForeignKubelet(host), {
    code: "kubelet-stranger",
    message: `another kubelet runs with pid ${pid} in snap.kubelet.service`,
    hint: "systemctl disable --now snap.kubelet.service.",
  });
});

test("a kubelet that only prints its version, or has just ended, is not refused", async () => {
  const host = new MemoryHost();
  const asked = host.processes.start({ name: "kubelet" });
  host.files.put(`/proc/${asked.pid}/cmdline`, "/usr/bin/kubelet\0--version\0");
  const ended = host.processes.start({ name: "kubelet" });
  host.files.put(`/proc/${ended.pid}/cmdline`, "");
  host.files.put(`/proc/${ended.pid}/stat`, `${ended.pid} (kubelet) Z 1${" 0".repeat(40)}\n`);
  await checkForeignKubelet(host);
  const real = host.processes.start({ name: "kubelet" });
  host.files.put(`/proc/${real.pid}/cmdline`, "/usr/bin/kubelet\0--v=2\0");
  await assert.rejects(checkForeignKubelet(host), { message: `another kubelet runs with pid ${real.pid}` });
});

const POD = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const CONTAINER = "4b".repeat(32);
const POD_GROUP = `/kubepods.slice/kubepods-pod${POD.replaceAll("-", "_")}.slice/cri-containerd-${CONTAINER}.scope`;

/** What a user, or a process in a container, can look like. */
const PRETENDERS = [
  ["another user's", { userId: 65_534 }],
  ["root's in a PID name space of its own", { namespaces: { pid: "4026539999" } }],
  ["root's in a mount name space of its own", { namespaces: { mnt: "4026539998" } }],
  ["a pod's", { cgroup: POD_GROUP }],
  ["a container's", { cgroup: `/system.slice/docker-${CONTAINER}.scope` }],
] as const;

function machine() {
  const host = new MemoryHost();
  host.files.putLink("/proc/self/ns/pid", "pid:[4026531836]");
  host.files.putLink("/proc/self/ns/mnt", "mnt:[4026531841]");
  const start = (options: Partial<ProcessOptions>) =>
    host.processes.start({
      ...{ name: "kubelet", ...options },
      namespaces: { pid: "4026531836", mnt: "4026531841", ...options.namespaces },
    });
  const listen = (options: Partial<ProcessOptions>) => {
    const holder = start({ name: "nginx", ...options });
    host.files.put("/proc/net/tcp", TCP_HEADER + tcpRow("00000000:280A", "0A"));
    host.files.putLink(`/proc/${holder.pid}/fd/3`, "socket:[4711]");
    return holder;
  };
  return { host, start, listen, ...createMemoryLog() };
}

for (const [whose, options] of PRETENDERS)
  test(`${whose} process that calls itself kubelet keeps nothing from starting`, async () => {
    const { host, start } = machine();
    start(options);
    await checkForeignKubelet(host);
    start({});
    await assert.rejects(checkForeignKubelet(host), { code: "kubelet-stranger" });
  });

test("a process that has made the owner of its folder in /proc root is still another user's", async () => {
  const { host, start } = machine();
  const { pid } = start({ userId: 65_534 });
  assert.equal((await host.files.status(`/proc/${pid}`))?.uid, 0);
  await checkForeignKubelet(host);
});

test("a taken port of kubelet's is reported with root's process that holds it", async () => {
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const { host, log, listen } = machine();
    const address = table.endsWith("6") ? "0".repeat(32) : "00000000";
    const { pid } = listen({});
    host.files.put("/proc/net/tcp", TCP_HEADER);
    host.files.put(table, TCP_HEADER + tcpRow(`${address}:0016`, "0A", "1") + tcpRow(`${address}:280A`, "0A"));
    await assert.rejects(checkPort(host, log), {
      code: "port-taken",
      message: `port 10250 is taken by nginx (pid ${pid})`,
      hint: /ss -ltnp/,
    });
  }
});

for (const [whose, options] of PRETENDERS)
  test(`${whose} listener on kubelet's port keeps kubelet from nothing, and is named`, async () => {
    const { host, log, listen, messages } = machine();
    const { pid } = listen(options);
    await checkPort(host, log);
    assert.match(messages("warn").join(), new RegExp(`^port 10250 is taken by nginx \\(pid ${pid}\\)`));
  });

test("a pod's process on kubelet's port is ended, and named by its pod; another user's is not", async () => {
  const { host, log, listen, messages } = machine();
  const pods = listen({ cgroup: POD_GROUP, userId: 65_534 });
  await checkPort(host, log);
  assert.deepEqual(pods.signals, ["SIGKILL"]);
  assert.match(messages("warn").join(), new RegExp(`of pod ${POD} \\(container 4b4b4b4b4b4b\\), which is ended`));
  const users = listen({ userId: 1000 });
  await checkPort(host, log);
  assert.deepEqual(users.signals, []);
});

test("a closing connection from kubelet's port does not take the port", async () => {
  const { host, log } = machine();
  host.files.put("/proc/net/tcp", TCP_HEADER + tcpRow("0100007F:280A", "06") + tcpRow("0100007F:0280", "0A"));
  await checkPort(host, log);
});

test("a socket without a holder, which a pod can make, is warned about and keeps kubelet from nothing", async () => {
  const { host, log, messages } = machine();
  host.files.put("/proc/net/tcp", TCP_HEADER + tcpRow("00000000:280A", "0A"));
  await checkPort(host, log);
  assert.deepEqual(messages("warn"), ["port 10250 is taken"]);
});
