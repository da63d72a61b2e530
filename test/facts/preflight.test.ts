import assert from "node:assert/strict";
import { test } from "node:test";
import { checkForeignKubelet, checkPort, checkSwap, checkVersionSkew } from "../../agent/facts/preflight.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
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

test("a taken port of kubelet's is reported with the process that holds it", async () => {
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const host = new MemoryHost();
    const address = table.endsWith("6") ? "0".repeat(32) : "00000000";
    host.files.put("/proc/net/tcp", TCP_HEADER);
    host.files.put(table, TCP_HEADER + tcpRow(`${address}:0016`, "0A", "1") + tcpRow(`${address}:280A`, "0A"));
    host.files.put("/proc/900/comm", "nginx\n");
    host.files.putLink("/proc/900/fd/3", "socket:[4711]");
    await assert.rejects(checkPort(host), {
      code: "port-taken",
      message: "port 10250 is taken by nginx (pid 900)",
      hint: /ss -ltnp/,
    });
  }
});

test("a closing connection from kubelet's port does not take the port", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/net/tcp", TCP_HEADER + tcpRow("0100007F:280A", "06") + tcpRow("0100007F:0280", "0A"));
  await checkPort(host);
});

test("a holder that is gone before it is found does not hide that the port is taken", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/net/tcp", TCP_HEADER + tcpRow("00000000:280A", "0A"));
  await assert.rejects(checkPort(host), { code: "port-taken", message: "port 10250 is taken" });
});
