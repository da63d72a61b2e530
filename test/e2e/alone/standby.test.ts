// Two gateways: one fails in every way that there is, and the other takes over; never do two of them move routes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ReplaceRouteCommand } from "@aws-sdk/client-ec2";
import { accountId, nodeName } from "../../sandbox/state.ts";
import { apiEniAddresses } from "../../sandbox/vpc/addresses.ts";
import { awsClients } from "../../sandbox/vpc/aws-clients.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { webName } from "../../sandbox/workload.ts";
import { bringUpInVpc, CLUSTER, type Connected, startNode, untilGatewayWorks } from "../network/connected.ts";
import { Pings } from "../network/echo-requests.ts";
import { Lines } from "../network/lines.ts";
import { DEVICES, GATEWAYS, type GatewayName, LEASE, otherThan, Pair } from "../network/pair.ts";
import { CONNECT_MS, FAILOVER_MS, HANDOVER_MS, resumedMs, timeOf, untilConnected } from "../network/takeover.ts";

const ADDRESS = "10.250.0.2";

let connected: Connected;
let pair: Pair;
before(async () => {
  connected = await bringUpInVpc();
  pair = new Pair(connected.sandbox);
});
after(() => connected?.close());

async function done(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await connected.laptop.run(line);
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout;
}

const pings = () => new Pings(connected.sandbox.addresses.controlNamespace, ADDRESS);

/** Waits until `kubectl logs` answers. */
async function untilLogs(): Promise<void> {
  const ask = ["logs", `deployment/${webName}`, "--tail=1", "--request-timeout=2s"];
  const wait = { what: "kubectl logs to answer", deadlineMs: 30_000, intervalMs: 50 };
  await waitFor(wait, () => connected.sandbox.kubectl(ask).then(() => true));
}

/** Both are well, and one has all; its name. */
const settled = () => pair.settled(connected.satellite);

async function runOn(name: GatewayName, script: string): Promise<string> {
  return (await (await pair.instance(name)).run(["/bin/sh", "-ec", script])).stdout;
}

test("create --standby makes both, says so before, and again there is nothing to do", async () => {
  const create = `eks-satellite gateway create ${CLUSTER} ${connected.gatewayOptions}`;
  const { stdout } = await connected.laptop.run(`${create} --standby --dry-run`);
  for (const name of GATEWAYS) assert.match(stdout, new RegExp(`^\\+\\+\\+ instance \\S+-${name}$`, "m"));
  await done(`${create} --yes`);
  await done(`${create} --standby --yes`);
  assert.match(await done(`${create} --yes`), /^nothing to do/m);
  const trusted = `--trusted-arn arn:aws:iam::${accountId}:user/satellite`;
  await done(`eks-satellite authorize ${CLUSTER} --tunnel --create-role --node-name ${nodeName} ${trusted} --yes`);
  await untilGatewayWorks(connected.laptop);
  await startNode(connected);
  const holder = await settled();
  const list = await done(`eks-satellite gateway list ${CLUSTER}`);
  for (const name of GATEWAYS) assert.match(list, new RegExp(`^${name} +i-`, "m"));
  assert.notEqual((await pair.interface("gateway-1")).subnet, (await pair.interface("gateway-1-standby")).subnet);
  assert.equal(holder, await pair.carrying());
});

test("the node has an interface for each, one address, loose filters, and the routes by the one that carries", async () => {
  const { satellite } = connected;
  const holder = await settled();
  const device = DEVICES[holder];
  for (const name of ["es0", "es1"])
    assert.equal((await satellite.read(`/proc/sys/net/ipv4/conf/${name}/rp_filter`)).trim(), "2");
  const addresses = await satellite.box("ip", "-brief", "address");
  for (const name of ["lo", "es0", "es1"]) assert.match(addresses, new RegExp(`^${name} .* ${ADDRESS}/32`, "m"));
  assert.match(await satellite.box("ip", "route", "get", "10.0.1.10"), new RegExp(`dev ${device} src ${ADDRESS}`));
  assert.match(await satellite.box("eks-satellite", "check", "--only", "tunnel"), /answers/);
});

test("a gateway that dies: a ping and a new connection pass within 6 s, logs with TCP's next try, and the other one has its place", async (context) => {
  for (let turn = 0; turn < 2; turn += 1) {
    const holder = await settled();
    const other = otherThan(holder);
    const pinging = pings();
    await delay(2000);
    const namespace = connected.sandbox.addresses.controlNamespace;
    await (await pair.instance(holder)).kill();
    const [logsMs, newMs] = await Promise.all([timeOf(untilLogs()), timeOf(untilConnected(namespace, ADDRESS))]);
    await pair.until(other, 10_000);
    await delay(2000);
    const { longestGapMs, lost } = await pinging.stop();
    context.diagnostic(
      `${holder} killed: ping silent for ${longestGapMs} ms (${lost} lost), a new connection after ${newMs} ms, logs after ${logsMs} ms`,
    );
    const { hint } = await connected.satellite.untilReason("TunnelUp", "GatewayFailedOver", 30_000);
    assert.match(hint ?? "", /gateway check/);
    const events = ["get", "events", "--all-namespaces", "--field-selector=reason=TunnelFailedOver", "--output=name"];
    const hasEvent = async () => (await connected.sandbox.kubectl(events)).includes("event/");
    await waitFor({ what: "the event TunnelFailedOver", deadlineMs: 30_000, intervalMs: 500 }, hasEvent);

    const coming = pings();
    await (await pair.instance(holder)).start();
    await connected.satellite.untilReason("TunnelUp", "GatewayAnswers", 120_000);
    await delay(15_000);
    const back = await coming.stop();
    context.diagnostic(`${holder} is back: ${back.lost} of ${back.sent} pings lost, ${other} goes on`);
    assert.equal(back.lost, 0);
    assert.deepEqual([await pair.holder(), await pair.carrying()], [other, other]);
    assert.ok(longestGapMs < FAILOVER_MS, `silent for ${longestGapMs} ms`);
    assert.ok(newMs < FAILOVER_MS + CONNECT_MS, `a new connection after ${newMs} ms`);
    assert.ok(logsMs < resumedMs(longestGapMs), `${longestGapMs} ms, logs ${logsMs} ms`);
  }
});

test("a gateway that is stopped or restarted in order hands over without the loss of a ping, and what a pod prints goes on", async (context) => {
  const lines = new Lines(connected.sandbox, `deployment/${webName}`);
  await waitFor({ what: "the pod to print", deadlineMs: 20_000 }, async () => lines.count > 5);
  for (let turn = 0; turn < 2; turn += 1) {
    const holder = await settled();
    const pinging = pings();
    await delay(1000);
    const restarting = runOn(holder, "systemctl restart eks-satellite-gateway");
    const ms = await timeOf(Promise.all([restarting, pair.until(otherThan(holder), 10_000)]));
    await settled();
    await delay(3000);
    const { sent, lost, longestGapMs } = await pinging.stop();
    context.diagnostic(
      `${holder} restarted: handed over in ${ms} ms, ${lost} of ${sent} pings lost, longest gap ${longestGapMs} ms`,
    );
    assert.equal(lost, 0);
  }
  const { count, longestGapMs } = await lines.stop();
  context.diagnostic(`${count} lines of kubectl exec, longest wait for one ${longestGapMs} ms`);
  assert.ok(longestGapMs < HANDOVER_MS, `a line came after ${longestGapMs} ms`);
});

test("a holder without the API server: the other one takes over, and no ping is lost; mended, it stands by", async (context) => {
  const holder = await settled();
  const cut = apiEniAddresses.map((address) => `-d ${address} -p tcp --dport 443 -j DROP`);
  const pinging = pings();
  await runOn(holder, cut.map((rule) => `iptables -I OUTPUT ${rule}`).join("\n"));
  try {
    await pair.until(otherThan(holder), 15_000);
    await delay(5000);
  } finally {
    await runOn(holder, cut.map((rule) => `iptables -D OUTPUT ${rule}`).join("\n"));
  }
  await delay(15_000);
  const { lost, sent } = await pinging.stop();
  context.diagnostic(`${holder} without the API server: ${lost} of ${sent} pings lost`);
  assert.equal(lost, 0);
  assert.equal(await settled(), otherThan(holder));
});

test("a holder without AWS goes on: the routes lead to it, and nothing is lost", async () => {
  const holder = await settled();
  const { aws } = connected.sandbox.addresses;
  const pinging = pings();
  await runOn(holder, `iptables -I OUTPUT -d ${aws} -j DROP`);
  await delay(35_000);
  await runOn(holder, `iptables -D OUTPUT -d ${aws} -j DROP`);
  assert.equal((await pinging.stop()).lost, 0);
  assert.equal(await settled(), holder);
});

test("a Lease that is deleted by hand is its holder's again at once, and no route moves", async () => {
  const holder = await settled();
  const pinging = pings();
  for (let turn = 0; turn < 5; turn += 1) {
    await connected.sandbox.kubectl(["delete", ...LEASE]);
    await waitFor(
      { what: "the Lease to be there again", deadlineMs: 5000, intervalMs: 50 },
      async () => (await pair.holder()) !== undefined,
    );
    assert.deepEqual([await pair.holder(), await pair.carrying()], [holder, holder]);
    await delay(700);
  }
  assert.equal((await pinging.stop()).lost, 0);
});

test("a route that is replaced by hand is the holder's again within half a minute", async (context) => {
  const holder = await settled();
  const { ec2 } = await awsClients(connected.sandbox);
  const { routeTables } = await connected.sandbox.vpc.cloud();
  const [table] = routeTables.filter(({ routes }) =>
    routes.some(({ destination }) => destination.startsWith("10.250.")),
  );
  const destination = table?.routes.find((route) => route.destination.startsWith("10.250."))?.destination;
  const NetworkInterfaceId = (await pair.interface(otherThan(holder))).id;
  await ec2.send(
    new ReplaceRouteCommand({ RouteTableId: table?.id, DestinationCidrBlock: destination, NetworkInterfaceId }),
  );
  const beganMs = performance.now();
  await pair.until(holder, 40_000);
  context.diagnostic(`the route is back after ${Math.round(performance.now() - beganMs)} ms`);
});

test("split brain: a holder that is stopped for longer than the Lease, and goes on, replaces no route", async (context) => {
  for (let turn = 0; turn < 2; turn += 1) {
    const holder = await settled();
    const other = otherThan(holder);
    const since = await runOn(holder, "date +%s.%N");
    const pid = await runOn(holder, "systemctl show --property=MainPID --value eks-satellite-gateway");
    await runOn(holder, `kill -STOP ${pid}`);
    await pair.until(other, 15_000);
    await delay(3000);
    await runOn(holder, `kill -CONT ${pid}`);
    const target = (await pair.interface(other)).id;
    for (const endMs = performance.now() + 15_000; performance.now() < endMs; await delay(20))
      assert.deepEqual(await pair.targets(), [target]);
    const said = await runOn(holder, `journalctl -u eks-satellite-gateway --since=@${since.trim()} --output=cat`);
    assert.doesNotMatch(said, /route replaced/);
    assert.equal(await pair.holder(), other);
    context.diagnostic(`${holder} stopped and continued: ${other} keeps the routes`);
  }
});

test("both are well and have their metrics: one is the holder", async () => {
  const holder = await settled();
  for (const name of GATEWAYS) {
    const { address } = await pair.interface(name);
    const text = await runOn(name, `curl -s http://${address}:51821/metrics`);
    assert.match(text, new RegExp(`^eks_satellite_gateway_is_holder ${Number(name === holder)}$`, "m"));
    assert.match(text, new RegExp(`^eks_satellite_gateway_carries ${Number(name === holder)}$`, "m"));
  }
});

test("delete of the one that stands by leaves the other with the routes; the node drops its interface, and reset the last one", async () => {
  const remove = `eks-satellite gateway delete ${CLUSTER} --yes`;
  await done(`${remove} --name gateway-1-standby`);
  await pair.until("gateway-1", 30_000);
  assert.match(await done(`eks-satellite gateway list ${CLUSTER}`), /^gateway-1 +i-\S+/m);
  await waitFor(
    { what: "es1 to go", deadlineMs: 200_000, intervalMs: 2000 },
    async () => !(await connected.satellite.box("ip", "-brief", "link")).includes("es1"),
  );
  await untilLogs();
  await done(`${remove} --force`);
  await connected.satellite.box("eks-satellite", "reset", "--yes");
  const left = await connected.satellite.box("ip", "-brief", "address");
  assert.doesNotMatch(left, /es[01]|10\.250\./);
});
