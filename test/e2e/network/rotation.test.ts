// Keys of the tunnel that change while packets pass: the satellite's by command and by schedule, and broken off at each step.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { nodeName } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { webName } from "../../sandbox/workload.ts";
import { bringUpInVpc, type Connected, joinThroughGateway } from "./connected.ts";
import { assertNoneLost, whilePinging } from "./pings.ts";

const KEY = "/etc/eks-satellite/tunnel.key";
const ANNOTATION = "eks-satellite.io/wireguard-public-key";
/** 50 seconds at 20 a second. */
const PINGS = 1000;

let connected: Connected;
before(async () => {
  connected = await bringUpInVpc();
  await joinThroughGateway(connected);
});
after(() => connected?.close());
beforeEach(() => connected.satellite.untilHealthy(180_000));

const box = (...command: string[]) => connected.satellite.box(...command);
/** The key in the file. It is asked for again and again, and `eks-satellite tunnel-key` takes a quarter of a second. */
const publicKey = () => box("sh", "-c", `wg pubkey < ${KEY}`);
const interfaceKey = () => box("wg", "show", "es0", "public-key");
const logs = () =>
  connected.sandbox.kubectl(["logs", `deployment/${webName}`, "--tail=1", "--request-timeout=3s"]).then(() => true);

async function annotations(): Promise<Readonly<Record<string, string | undefined>>> {
  return JSON.parse(await connected.sandbox.kubectl(["get", "node", nodeName, "--output=json"])).metadata.annotations;
}

async function gatewayPeers(): Promise<readonly string[]> {
  const { stdout } = await (await connected.sandbox.gateway()).run(["wg", "show", "esgw0", "allowed-ips"]);
  return stdout.trim().split("\n");
}

/** One key everywhere: the file, the interface, the Node, the gateway; and no other is left of this node. */
async function untilOneKey({ otherThan = "", deadlineMs = 120_000 } = {}): Promise<string> {
  let seen: unknown;
  const wait = { what: "one key everywhere", deadlineMs, intervalMs: 500, explain: () => JSON.stringify(seen) };
  return waitFor(wait, async () => {
    const [key, used, said, peers] = await Promise.all([publicKey(), interfaceKey(), annotations(), gatewayPeers()]);
    seen = { key, used, said: said[ANNOTATION], next: said[`${ANNOTATION}-next`], peers };
    const isOne = used === key && said[ANNOTATION] === key && said[`${ANNOTATION}-next`] === undefined;
    return isOne && key !== otherThan && peers.length === 1 && peers[0]?.startsWith(`${key}\t10.`) ? key : undefined;
  });
}

test("the satellite's key changes twice by command, and of 1,000 pings each way none is lost", async () => {
  const before = await publicKey();
  const pinged = await whilePinging(connected, PINGS, async () => {
    await delay(5000);
    const first = await box("eks-satellite", "tunnel-key", "--rotate");
    assert.notEqual(first, before);
    assert.equal(await interfaceKey(), first);
    await delay(5000);
    assert.notEqual(await box("eks-satellite", "tunnel-key", "--rotate"), first);
  });
  assertNoneLost("satellite's key, twice", pinged, { pings: PINGS, changes: 2 });
  const key = await untilOneKey();
  assert.notEqual(key, before);
  assert.equal(await box("eks-satellite", "tunnel-key"), key);
  assert.equal(await box("stat", "--format=%a %U", KEY), "600 root");
  await assert.rejects(box("cat", `${KEY}.next`), "no other key is left");
  assert.match(await connected.sandbox.kubectl(["get", "events", "--output=name"]), /./);
  await logs();
});

test("by schedule: a key of 31 days changes by itself, and of 1,000 pings each way none is lost", async () => {
  const before = await publicKey();
  const pinged = await whilePinging(connected, PINGS, async () => {
    await delay(3000);
    await box("touch", "--date=31 days ago", KEY);
    await waitFor(
      { what: "another key", deadlineMs: 30_000, intervalMs: 500 },
      async () => (await publicKey()) !== before,
    );
  });
  assertNoneLost("satellite's key, by schedule", pinged, { pings: PINGS, changes: 1 });
  await untilOneKey();
  assert.match(await box("curl", "--silent", "http://127.0.0.1:9911/metrics"), /tunnel_key_rotations_total [1-9]/);
  assert.match(await box("eks-satellite", "check", "--only", "tunnel-key"), /tunnel-key/);
});

test("the machine's power is cut at each step; the tunnel works, and one key is left", async () => {
  const { sandbox } = connected;
  const { address } = (await sandbox.vpc.cloud()).interfaces.find(({ publicAddress }) => publicAddress !== null) ?? {};
  const change = (key: string) => `http://${address}:51821/key-change?${new URLSearchParams({ key })}`;
  const steps: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    "the Node says the next key": async () => undefined,
    "the gateway has consented": async (key) =>
      waitFor({ what: "consent", deadlineMs: 10_000, intervalMs: 200 }, async () =>
        (await box("curl", "--silent", "--request", "POST", change(key))).includes("ready"),
      ),
    "the interface has the next key, and the file does not": () =>
      box("wg", "set", "es0", "private-key", `${KEY}.next`),
    "the file has the next key, and the Node says the old one": () => box("mv", `${KEY}.next`, KEY),
  };
  for (const [step, doStep] of Object.entries(steps)) {
    const before = await publicKey();
    // The daemon is not there to do the other steps, as it is not when the power is cut.
    await box("systemctl", "stop", "eks-satellite");
    await box("/bin/sh", "-ec", `umask 077; wg genkey > ${KEY}.next`);
    const next = await box("/bin/sh", "-c", `wg pubkey < ${KEY}.next`);
    await sandbox.kubectl(["annotate", "node", nodeName, `${ANNOTATION}-next=${next}`]);
    await doStep(next);
    await sandbox.powerCut();
    await sandbox.boot();
    await sandbox.waitForNode(undefined, 120_000);
    const began = performance.now();
    assert.equal(await untilOneKey(), next, step);
    console.log(`power cut after: ${step}; one key ${Math.round((performance.now() - began) / 1000)} s after Ready`);
    assert.notEqual(next, before);
    const wait = { what: `logs after: ${step}`, deadlineMs: 60_000, intervalMs: 500 };
    await waitFor(wait, () => logs().catch(() => false));
  }
});

test("with the API server away a change waits, and it ends when the API server is back; so it does with the gateway away", async () => {
  const { sandbox, satellite } = connected;
  const before = await publicKey();
  await sandbox.api("hang");
  await box("/bin/sh", "-ec", `umask 077; wg genkey > ${KEY}.next`);
  await delay(12_000);
  assert.equal(await publicKey(), before);
  await sandbox.api("open");
  const second = await untilOneKey({ otherThan: before });
  const gateway = await sandbox.gateway();
  await gateway.cut();
  await box("/bin/sh", "-ec", `umask 077; wg genkey > ${KEY}.next`);
  await satellite.untilReason("TunnelUp", "GatewayAway", 60_000);
  assert.equal(await publicKey(), second);
  await gateway.cut("mended");
  await untilOneKey({ otherThan: second });
  await logs();
});

test("a key that an administrator has entered by hand is not changed, and the command says so", async () => {
  const { sandbox } = connected;
  const key = await untilOneKey();
  const map = ["configmap", "eks-satellite-network", "--namespace=kube-system"];
  const entry = JSON.parse(JSON.parse(await sandbox.kubectl(["get", ...map, "--output=json"])).data[nodeName]);
  const patch = (changed: object) =>
    sandbox.kubectl([
      "patch",
      ...map,
      "--type=merge",
      `--patch=${JSON.stringify({ data: { [nodeName]: JSON.stringify(changed) } })}`,
    ]);
  await patch({ ...entry, publicKey: key });
  try {
    await connected.satellite.systemctl("restart");
    const isPinned = async () => {
      const { tunnel } = JSON.parse(await box("curl", "--silent", "http://127.0.0.1:9911/status"));
      return tunnel?.keyRotation?.state === "pinned";
    };
    await waitFor({ what: "a pinned key", deadlineMs: 60_000, intervalMs: 500 }, isPinned);
    await assert.rejects(box("eks-satellite", "tunnel-key", "--rotate"), /tunnel-rotation-declined/);
    assert.equal(await publicKey(), key);
  } finally {
    await patch(entry);
    await connected.satellite.systemctl("restart");
  }
});
