// What breaks a tunnel, and what the node says: the gateway dead, cut off or with another key, the NAT, the cluster's side, a reboot with all of it away.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { UpdateClusterConfigCommand } from "@aws-sdk/client-eks";
import { accountId, clusterName, nodeName } from "../../sandbox/state.ts";
import { awsClients } from "../../sandbox/vpc/aws-clients.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { webName } from "../../sandbox/workload.ts";
import { watchPage } from "../satellite.ts";
import { bringUpInVpc, CLUSTER, type Connected, joinThroughGateway, mustRun, untilGatewayWorks } from "./connected.ts";
import { Neighbour } from "./neighbour.ts";

/** After a NAT has changed a keepalive is due within 15 s, and kubectl takes a second. */
const REBIND_MS = 16_000;
const MAP = ["configmap", "eks-satellite-network", "--namespace=kube-system"];

let connected: Connected;
let createGateway: string;
before(async () => {
  connected = await bringUpInVpc();
  createGateway = await joinThroughGateway(connected);
});
after(() => connected?.close());
beforeEach(() => connected.satellite.untilHealthy(180_000));

const done = (line: string) => mustRun(connected, line);

/** Milliseconds until `kubectl logs` answers. */
async function untilLogs(deadlineMs = 90_000): Promise<number> {
  const beganMs = performance.now();
  const ask = ["logs", `deployment/${webName}`, "--tail=1", "--request-timeout=3s"];
  await waitFor({ what: "kubectl logs to answer", deadlineMs }, () => connected.sandbox.kubectl(ask).then(() => true));
  return performance.now() - beganMs;
}

const isReady = async () =>
  (await connected.sandbox.node()).status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";

test("with the gateway dead the node stays Ready and its page answers; one warning names the cause, and all comes back", async () => {
  const { sandbox, satellite } = connected;
  const gateway = await sandbox.gateway();
  const { failures } = await watchPage(satellite, async () => {
    await gateway.kill();
    await satellite.untilReason("TunnelUp", "GatewayAway", 60_000);
    // Longer than a kubelet may be silent before its Node is not Ready.
    await delay(52_000);
    assert.equal(await isReady(), true);
    assert.deepEqual((await satellite.status()).rootCauses, ["TunnelUp"]);
    await gateway.start();
    await untilLogs();
  });
  assert.deepEqual(failures, []);
});

test("a gateway that is cut off, and one that has another key: the satellite finds it again by itself", async () => {
  const { sandbox, satellite } = connected;
  const gateway = await sandbox.gateway();
  await gateway.cut();
  await satellite.untilReason("TunnelUp", "GatewayAway", 60_000);
  await gateway.cut("mended");
  await satellite.untilReason("TunnelUp", "GatewayAnswers");
  const script = [
    "systemctl stop eks-satellite-gateway",
    "systemctl stop 'eks-satellite-wireguard*'",
    "rm /var/lib/eks-satellite-gateway/wireguard.key",
    "systemctl start eks-satellite-gateway",
  ];
  await gateway.run(["/bin/sh", "-ec", script.join("\n")]);
  await untilLogs(150_000);
});

test("a NAT that changes its address or forgets in seconds is no matter", async () => {
  const { nat } = connected.sandbox;
  await nat.rebind();
  assert.ok((await untilLogs()) < REBIND_MS);
  await nat.forget(8);
  await delay(20_000);
  assert.ok((await untilLogs()) < REBIND_MS);
  await nat.forget();
});

test("a NAT that drops UDP is named: as one of two causes while the tunnel has worked, and alone after a start", async () => {
  const { sandbox, satellite } = connected;
  await sandbox.nat.udp("drop");
  try {
    const { hint } = await satellite.untilReason("TunnelUp", "GatewayAway", 60_000);
    assert.match(hint ?? "", /UDP/);
    await satellite.systemctl("restart");
    await satellite.untilReason("TunnelUp", "UdpBlocked", 90_000);
    assert.equal(await isReady(), true);
  } finally {
    await sandbox.nat.udp("allow");
  }
  await untilLogs();
});

test("the machine moves to another address of its network, and the tunnel with it", async () => {
  await connected.sandbox.nat.moveMachine();
  await untilLogs();
  await connected.sandbox.nat.moveMachine();
  await untilLogs();
});

test("a node's key that is made anew by hand is announced and accepted", async () => {
  const { satellite } = connected;
  const before = await satellite.box("eks-satellite", "tunnel-key");
  await satellite.box("/bin/sh", "-ec", "umask 077; wg genkey > /etc/eks-satellite/tunnel.key");
  const key = await satellite.box("eks-satellite", "tunnel-key");
  assert.notEqual(key, before);
  await waitFor({ what: "es0 to have the new key", deadlineMs: 90_000, intervalMs: 500 }, async () =>
    (await satellite.box("wg", "show", "es0", "public-key")).includes(key),
  );
  await untilLogs(150_000);
});

test("a remote network that is gone is named with its command, and gateway create brings it again", async () => {
  const { eks } = await awsClients(connected.sandbox);
  const none = { remoteNodeNetworks: [], remotePodNetworks: [] };
  await eks.send(new UpdateClusterConfigCommand({ name: clusterName, remoteNetworkConfig: none }));
  const { hint } = await connected.satellite.untilReason("ControlPlaneRoute", "RemoteNetworkMissing", 180_000);
  assert.match(hint ?? "", /update-cluster-config|gateway check/);
  await done(createGateway);
  await untilGatewayWorks(connected.laptop, `--node-name ${nodeName}`);
});

test("an address that another node has is refused, and garbage in the ConfigMap takes no tunnel", async () => {
  const { sandbox, satellite, laptop } = connected;
  const role = `arn:aws:iam::${accountId}:role/eks-satellite-${nodeName}`;
  const claim = `--role-arn ${role} --node-name gpu-9 --tunnel --address 10.250.0.2 --yes`;
  const { exitCode, stderr } = await laptop.run(`eks-satellite authorize ${CLUSTER} ${claim}`);
  assert.equal(exitCode, 1);
  assert.match(stderr, new RegExp(`10\\.250\\.0\\.2.*${nodeName}`));
  const data = JSON.parse(await sandbox.kubectl(["get", ...MAP, "--output=json"])).data;
  const patch = (changed: object) =>
    sandbox.kubectl(["patch", ...MAP, "--type=merge", `--patch=${JSON.stringify({ data: changed })}`]);
  await patch({ [nodeName]: "{", "gpu-9": "[]", _other: "x".repeat(10_000) });
  try {
    // A tunnel that works is asked for each five minutes, and by a daemon that starts at once.
    await satellite.systemctl("restart");
    await satellite.untilReason("TunnelConfigured", "TunnelEntryInvalid", 120_000);
    await untilLogs(10_000);
  } finally {
    await patch({ [nodeName]: data[nodeName], "gpu-9": null, _other: null });
  }
});

test("a second satellite behind the same NAT has a tunnel of its own", async () => {
  const neighbour = await Neighbour.join(connected.sandbox, "10.250.0.77");
  try {
    await waitFor({ what: "the neighbour's tunnel", deadlineMs: 60_000 }, () => neighbour.reachesGateway());
    await untilLogs();
  } finally {
    await neighbour.leave();
  }
});

test("after a reboot with gateway and AWS away the node is Ready, and the tunnel follows when they are back", async () => {
  const { sandbox, satellite } = connected;
  const gateway = await sandbox.gateway();
  await gateway.cut();
  await sandbox.awsDown("hang");
  await sandbox.reboot();
  await sandbox.waitForNode(undefined, 120_000);
  await satellite.untilReason("TunnelConfigured", "Configured");
  await sandbox.awsUp();
  await gateway.cut("mended");
  await untilLogs();
});
