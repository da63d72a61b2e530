import assert from "node:assert/strict";
import { test } from "node:test";
import { ensureWireguardDevice, readWireguard, syncWireguard } from "../../agent/tunnel/wireguard-device.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const DEVICE = { name: "es0", userspace: "never", unit: "eks-satellite-wireguard" } as const;
const DUMP = "(none)\t(none)\t0\toff\n";

/** A machine without the interface, whose kernel makes it or does not. */
function setUp({ stderr = "" } = {}) {
  const host = new MemoryHost();
  const state = { isThere: false };
  host.install("ip", (args) => {
    if (args.includes("show")) return { exitCode: state.isThere ? 0 : 1 };
    if (stderr !== "") return { exitCode: 2, stderr };
    state.isThere = true;
    return {};
  });
  host.install("wg", () => (state.isThere ? { stdout: DUMP } : { exitCode: 1, stderr: "No such device" }));
  host.install("systemctl", () => ({}));
  return { host, state };
}

test("the kernel makes the interface once", async () => {
  const { host } = setUp();
  assert.equal(await ensureWireguardDevice(host, DEVICE), true);
  assert.equal(await ensureWireguardDevice(host, DEVICE), false);
  assert.deepEqual(host.commands, [
    "ip link show dev es0",
    "ip link add dev es0 type wireguard",
    "ip link show dev es0",
  ]);
});

test("a kernel without WireGuard is named, and wireguard-go is not started unless it is allowed", async () => {
  const { host } = setUp({ stderr: "Error: Unknown device type.\n" });
  await assert.rejects(ensureWireguardDevice(host, DEVICE), { code: "kernel-lacks-wireguard" });
  assert.ok(!host.commands.some((line) => line.startsWith("systemd-run")));
  const other = setUp({ stderr: "RTNETLINK answers: Operation not permitted\n" });
  await assert.rejects(ensureWireguardDevice(other.host, DEVICE), { code: "wireguard-failed", message: /permitted/ });
});

test("wireguard-go runs in a service of its own, and the interface is there when its socket answers", async () => {
  const { host, state } = setUp({ stderr: "Error: Unknown device type.\n" });
  host.install("systemd-run", () => ({}));
  const made = ensureWireguardDevice(host, { ...DEVICE, userspace: "allow" });
  await host.clock.advance(300);
  state.isThere = true;
  await host.clock.advance(100);
  assert.equal(await made, true);
  assert.ok(host.commands.includes("systemctl stop eks-satellite-wireguard.service"));
  assert.ok(
    host.commands.some((line) => /^systemd-run .*--unit=eks-satellite-wireguard .*wireguard-go -f es0$/.test(line)),
  );
});

test("a wireguard-go that is missing, or makes no interface, is named", async () => {
  const missing = setUp({ stderr: "Error: Unknown device type.\n" });
  missing.host.install("systemd-run", () => ({ exitCode: 1, stderr: "Failed to find executable wireguard-go" }));
  const allowed = { ...DEVICE, userspace: "allow" } as const;
  await assert.rejects(ensureWireguardDevice(missing.host, allowed), { code: "kernel-lacks-wireguard" });
  const dead = setUp({ stderr: "Error: Unknown device type.\n" });
  dead.host.install("systemd-run", () => ({}));
  const tried = assert.rejects(ensureWireguardDevice(dead.host, allowed), {
    code: "wireguard-failed",
    hint: /journalctl -u eks-satellite-wireguard/,
  });
  await dead.host.clock.advance(6000);
  await tried;
});

test("peers come by syncconf, and what wg says is an error's message", async () => {
  const { host, state } = setUp();
  state.isThere = true;
  await syncWireguard(host, "es0", "/run/es0.conf");
  assert.ok(host.commands.includes("wg syncconf es0 /run/es0.conf"));
  assert.equal((await readWireguard(host, "es0")).peers.size, 0);
  state.isThere = false;
  await assert.rejects(readWireguard(host, "es0"), { code: "wireguard-failed", message: /No such device/ });
  await assert.rejects(syncWireguard(host, "es0", "/run/es0.conf"), { code: "wireguard-failed" });
  host.uninstall("wg");
  await assert.rejects(readWireguard(host, "es0"), { code: "tools-missing" });
});
