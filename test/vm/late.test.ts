// A boot at which the network is not there yet: a link over which nothing passes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { down } from "../sandbox/down.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, untilPage, type VirtualSatellite } from "./virtual.ts";

/** What a router or a switch of a machine room takes until it passes packets. */
const LATE_MS = 60_000;

let satellite: VirtualSatellite;
before(async () => {
  satellite = await bringUpVirtual();
  await satellite.untilHealthy(HEALTHY_MS);
});
after(() => down(FOLDER));

const sh = (script: string) => satellite.box("/bin/sh", "-ec", script);

/** Waits until the daemon of this boot has said something of the Node, with its kubelet running, and returns that. */
async function seenWhileAway() {
  const pid = await satellite.kubeletPid();
  await delay(LATE_MS);
  const { conditions, verdict, kubelet } = await satellite.status();
  assert.equal(kubelet.pid, pid, "kubelet runs on");
  assert.equal(verdict.ready, false);
  return (type: string) => conditions.find((condition) => condition.type === type);
}

test("a link that passes nothing for a minute: kubelet runs by what was known, the cause is named, and the node comes by itself", async () => {
  await satellite.sandbox.link("down");
  await sh("sync");
  await satellite.sandbox.reboot();
  const of = await seenWhileAway();
  assert.notEqual(of("NodeReady")?.status, "True");
  assert.equal(of("KubeletRunning")?.status, "True");
  assert.notDeepEqual((await satellite.status()).rootCauses, []);
  await satellite.sandbox.link("up");
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
});
