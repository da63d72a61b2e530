import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { readNetworkDevices } from "../../agent/facts/network-devices.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const HEAD = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;

test("each interface has its bytes, whatever stands in its name", async () => {
  const host = new MemoryHost();
  const rest = "2 0 0 0 0 0 0";
  host.files.put(
    "/proc/net/dev",
    `${HEAD}    lo: 10 ${rest} 10 2 0 0 0 0 0 0\neth0:1:  1234 ${rest} 99 3 0 0 0 0 0 0\n`,
  );
  const devices = await readNetworkDevices(host);
  assert.deepEqual(devices.get("lo"), { receivedBytes: 10, sentBytes: 10 });
  assert.deepEqual(devices.get("eth0:1"), { receivedBytes: 1234, sentBytes: 99 });
  assert.equal(devices.get("es0"), undefined);
});

test("this machine's own file has this machine's own interfaces", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/net/dev", await readFile("/proc/net/dev", "utf8"));
  const devices = await readNetworkDevices(host);
  for (const name of Object.keys(networkInterfaces())) assert.ok(devices.has(name), name);
});
