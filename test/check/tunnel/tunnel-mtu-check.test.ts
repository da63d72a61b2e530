import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG_FILE, setUpCheck } from "../../fakes/check-machine.ts";
import { MINIMAL_CONFIG } from "../../fakes/samples.ts";
import { GATEWAY_KEY, sampleHealth } from "../../network/watch/samples.ts";

const DEVICES = "Inter-|   Receive\n face |bytes\n   es0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n";

function setUp({ hasTunnel = true, isOld = false, largest = 1420, mtu = 1420 } = {}) {
  const world = setUpCheck();
  const { host } = world;
  const gateway = `{ publicKey: ${GATEWAY_KEY}, endpoint: "198.51.100.5:51820", address: 10.20.1.5 }`;
  const tunnel = `{ mode: static, address: 192.0.2.11, vpcCidrs: [10.20.0.0/16], gateways: [${gateway}] }`;
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nnetwork: { tunnel: ${hasTunnel ? tunnel : "{ mode: off }"} }\n`);
  host.files.put("/proc/net/dev", DEVICES);
  host.install("ip", () => ({ stdout: `5: es0: <POINTOPOINT,NOARP,UP> mtu ${mtu} qdisc noqueue state UNKNOWN\n` }));
  host.knock = async (_address, _port, _seconds, bytes = 8) => (bytes + 28 <= largest ? "ok" : "silent");
  const { onFetch } = host;
  host.onFetch = (request) =>
    request.url.endsWith(":51821/healthz")
      ? { status: 200, body: JSON.stringify(sampleHealth(isOld ? {} : { maxKnockBytes: 8893 })) }
      : onFetch(request);
  return async () => {
    const { outcome, evidence } = await world.find("tunnel-mtu");
    return `${outcome}: ${evidence}`;
  };
}

test("tunnel-mtu: the full size that comes back is ok, and a lowered one says so", async () => {
  assert.equal(await setUp()(), "ok: packets of 1420 bytes come back");
  assert.match(
    await setUp({ mtu: 1328, largest: 1340 })(),
    /^ok: packets of 1328 bytes come back, less than the usual/,
  );
});

test("tunnel-mtu: a black hole fails", async () => {
  assert.match(await setUp({ largest: 1400 })(), /^fail: packets of 1420 bytes do not come back/);
});

test("tunnel-mtu: without a tunnel, and with an earlier gateway or a silent one, it is none of a black hole", async () => {
  assert.match(await setUp({ hasTunnel: false })(), /^ok/);
  assert.match(await setUp({ isOld: true, largest: 100 })(), /version that sends no large packets back/);
  assert.match(await setUp({ largest: 0 })(), /does not answer/);
});
