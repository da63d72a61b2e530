import assert from "node:assert/strict";
import { test } from "node:test";
import { WireguardKernel } from "../../agent/network/wireguard-kernel.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("a module that is loaded, built in or can be loaded is there; modprobe is asked once", async () => {
  const host = new MemoryHost();
  assert.equal(await new WireguardKernel().hasWireguard(host), false, "there is no modprobe");
  host.install("modprobe", () => ({ exitCode: 0 }));
  const kernel = new WireguardKernel();
  for (let turn = 0; turn < 2; turn += 1) assert.ok(await kernel.hasWireguard(host));
  assert.equal(
    host.commands.filter((line) => line === "modprobe --dry-run --quiet wireguard").length,
    2,
    "one for each",
  );
  host.install("modprobe", () => ({ exitCode: 1 }));
  assert.equal(await new WireguardKernel().hasWireguard(host), false);
  host.files.putFolder("/sys/module/wireguard");
  assert.ok(await new WireguardKernel().hasWireguard(host));
});
