// The kernel's own WireGuard, which a container on a host without the module never uses: the tunnel behind a firewall, through a power cut, and without its gateway.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  bringUpInVpc,
  CLUSTER,
  type Connected,
  startNode,
  untilGatewayWorks,
  WORKING,
} from "../e2e/network/connected.ts";
import { down } from "../sandbox/down.ts";
import { webPage } from "../sandbox/images.ts";
import { accountId, nodeName } from "../sandbox/state.ts";
import { waitFor } from "../sandbox/wait.ts";
import { webName } from "../sandbox/workload.ts";
import { FOLDER, HEALTHY_MS } from "./virtual.ts";

/** A provider's firewall that knows nothing of the tunnel; the tests' own way in is the uplink. */
const FIREWALL = `iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -i uplink -j ACCEPT
iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -P INPUT DROP
iptables -P FORWARD DROP`;
const JUMP = "INPUT -j EKS-SATELLITE";
/** Longer than a kubelet may be silent until its Node is not Ready. */
const GATEWAY_AWAY_MS = 60_000;

let connected: Connected;
before(async () => {
  connected = await bringUpInVpc({ folder: FOLDER, machine: "vm" });
  const { laptop, satellite, gatewayOptions } = connected;
  await administer(`gateway create ${CLUSTER} ${gatewayOptions} --yes`);
  await untilGatewayWorks(laptop);
  const trusted = `--trusted-arn arn:aws:iam::${accountId}:user/satellite`;
  await administer(`authorize ${CLUSTER} --tunnel --create-role --node-name ${nodeName} ${trusted} --yes`);
  await satellite.box("systemctl", "enable", "--quiet", "eks-satellite");
  await startNode(connected, HEALTHY_MS);
});
after(async () => {
  await connected?.close();
  await down(FOLDER);
});

async function administer(command: string): Promise<void> {
  const { exitCode, stdout, stderr } = await connected.laptop.run(`eks-satellite ${command}`);
  assert.equal(exitCode, 0, stdout + stderr);
}

async function untilWorking(): Promise<void> {
  for (const [type, reason] of WORKING) await connected.satellite.untilReason(type, reason, HEALTHY_MS);
}

const kubectl = (...args: string[]) => connected.sandbox.kubectl(args);
const exec = () => kubectl("exec", `deployment/${webName}`, "--", "cat", "/www/index.html");
const logs = () => kubectl("logs", `deployment/${webName}`, "--tail=1", "--request-timeout=20s");

/** Waits until the API server reaches kubelet, and so `kubectl logs` and `exec` work. */
async function untilReached(): Promise<void> {
  await waitFor({ what: "kubectl logs and exec", deadlineMs: HEALTHY_MS, intervalMs: 1000 }, async () => {
    await logs();
    return (await exec()) === webPage.trim();
  });
}

test("the kernel makes the tunnel, kubectl logs and exec go through it, and Services and cluster names work", async () => {
  const { satellite } = connected;
  assert.match(await satellite.box("ip", "-details", "link", "show", "es0"), /^ +wireguard\b/m);
  assert.equal(await satellite.box("systemctl", "list-units", "--all", "--no-legend", "eks-satellite-wireguard*"), "");
  await untilWorking();
  await untilReached();
  assert.match(await kubectl("get", "nodes", nodeName, "--output=wide"), /\b10\.250\.0\.2\b/);
});

test("behind a firewall that drops what comes in and what passes, the VPC reaches the node by the daemon's own chain alone", async () => {
  const { satellite } = connected;
  await satellite.box("/bin/sh", "-ec", FIREWALL);
  await untilReached();
  await untilWorking();
  // Without the daemon no kubelet listens: what is let in is refused, and what is not let in gets no answer.
  await satellite.systemctl("stop");
  await assert.rejects(logs(), /connection refused/);
  await satellite.box("iptables", ...`-D ${JUMP}`.split(" "));
  await assert.rejects(logs(), /Timeout exceeded/);
  await satellite.systemctl("start");
  await untilReached();
  assert.ok((await satellite.box("iptables", "-S", "INPUT")).includes(`-A ${JUMP}`));
  await untilWorking();
});

test("after a power cut the tunnel is there before kubelet starts, and logs work", async () => {
  const { satellite, sandbox } = connected;
  await satellite.box("sync");
  await sandbox.powerCut();
  await sandbox.boot();
  await satellite.untilHealthy(HEALTHY_MS);
  await untilReached();
  await untilWorking();
  const journal = await satellite.box("journalctl", "--boot", "--unit=eks-satellite", "--output=cat", "--no-pager");
  const lines = journal.split("\n");
  const made = lines.findIndex((line) => line.includes("changed") && line.includes("tunnel:es0"));
  const started = lines.findIndex((line) => line.includes("kubelet started"));
  assert.ok(made >= 0 && made < started, journal);
});

test("without its gateway the node stays Ready, and says what it lacks; with the gateway everything works again", async () => {
  const { satellite, sandbox } = connected;
  const gateway = await sandbox.gateway();
  const kubelet = await satellite.kubeletPid();
  await gateway.kill();
  await waitFor({ what: "TunnelUp to be false", deadlineMs: HEALTHY_MS, intervalMs: 1000 }, async () => {
    return (await satellite.condition("TunnelUp")).status === "False";
  });
  await delay(GATEWAY_AWAY_MS);
  const { status } = await sandbox.node();
  assert.equal(status?.conditions?.find(({ type }) => type === "Ready")?.status, "True");
  assert.equal((await satellite.status()).verdict.ready, true);
  await gateway.boot();
  await untilWorking();
  await untilReached();
  assert.equal(await satellite.kubeletPid(), kubelet);
});
