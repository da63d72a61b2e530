// The gateway's key changes while packets pass: by the administrator's command, and broken off by a restart on either side.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../sandbox/wait.ts";
import { bringUpInVpc, CLUSTER, type Connected, joinThroughGateway, mustRun } from "./connected.ts";
import { assertNoneLost, whilePinging } from "./pings.ts";

/** The change is announced for 90 s: 120 s at 20 a second have it in them. */
const PINGS = 2400;

let connected: Connected;
before(async () => {
  connected = await bringUpInVpc();
  await joinThroughGateway(connected);
});
after(() => connected?.close());
beforeEach(() => connected.satellite.untilHealthy(180_000));

const done = (line: string, timeoutMs = 60_000) => mustRun(connected, line, { timeoutMs });

const rotate = () => done(`eks-satellite gateway rotate-key ${CLUSTER}`, 200_000);

async function gatewayRun(...command: string[]): Promise<string> {
  return (await (await connected.sandbox.gateway()).run(command)).stdout.trim();
}

const gatewayKey = () => gatewayRun("wg", "show", "esgw0", "public-key");

/** Peers of the node's interface: the gateway's key, and no other. */
async function untilFollowed(otherThan: string, deadlineMs = 60_000): Promise<void> {
  let seen: unknown;
  const wait = { what: "the gateway's new key", deadlineMs, intervalMs: 500, explain: () => JSON.stringify(seen) };
  await waitFor(wait, async () => {
    const [key, peers, entry] = await Promise.all([
      gatewayKey(),
      connected.satellite.box("wg", "show", "es0", "peers"),
      connected.sandbox.kubectl([
        "get",
        "configmap",
        "eks-satellite-gateways",
        "--namespace=kube-system",
        "--output=jsonpath={.data.gateway-1}",
      ]),
    ]);
    const { publicKey, nextPublicKey } = JSON.parse(entry);
    seen = { key, peers, publicKey, nextPublicKey };
    return key !== otherThan && peers === key && publicKey === key && nextPublicKey === undefined;
  });
}

test("the gateway's key changes by command, and of 2,400 pings each way none is lost", async () => {
  const before = await gatewayKey();
  const pinged = await whilePinging(connected, PINGS, async () => {
    const said = await rotate();
    assert.match(said, /✓ gateway-1 has the key /);
  });
  assertNoneLost("gateway's key", pinged, { pings: PINGS, changes: 1 });
  await untilFollowed(before);
  const files = await gatewayRun("ls", "-l", "/var/lib/eks-satellite-gateway");
  assert.match(files, /-rw------- .* wireguard\.key$/m);
  assert.doesNotMatch(files, /wireguard\.key\.next/);
});

test("a gateway that is restarted while it announces a change begins it anew; so does a daemon that has heard of it", async () => {
  const before = await gatewayKey();
  const rotated = rotate().catch((error: Error) => error.message);
  await waitFor({ what: "an announcement", deadlineMs: 30_000, intervalMs: 500 }, () =>
    gatewayRun("test", "-e", "/var/lib/eks-satellite-gateway/wireguard.key.next").then(
      () => true,
      () => false,
    ),
  );
  await delay(20_000);
  await gatewayRun("systemctl", "restart", "eks-satellite-gateway");
  await delay(10_000);
  await connected.satellite.systemctl("restart");
  await untilFollowed(before, 180_000);
  await rotated;
});
