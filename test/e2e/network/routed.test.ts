// network.cni: routed on a node behind a NAT: pods have addresses that the VPC, other satellites and each other reach. It begins on the host's
// network, and goes back to it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { execIn } from "../../sandbox/links.ts";
import { nodeName } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { CLUSTER, WORKING } from "./connected.ts";
import { Neighbour } from "./neighbour.ts";
import { NODE, PODS, RoutedNode } from "./routed.ts";
import { POD_PORT, podNamespacePath, sendWhole, startEcho } from "./routed-pods.ts";
import { serveOn } from "./serve-on.ts";
import { startWebhook } from "./webhook.ts";

const OTHER = { own: "10.250.17.0/25", address: "10.250.17.9", all: PODS.all };

let node: RoutedNode;
before(async () => {
  node = await RoutedNode.bringUp();
});
after(() => node?.connected.close());

let onHostNetwork: readonly string[];

test("host → routed on a living node: its configuration replaces the other one, and pods on the host's network stay", async () => {
  onHostNetwork = await node.hostPods();
  assert.equal(onHostNetwork.length, 2, "kube-proxy and the page");
  assert.match(onHostNetwork.join("\n"), /pid \d+/);
  await node.route();
  assert.equal(await node.box("ls", "/etc/cni/net.d"), "10-eks-satellite.conflist");
  assert.deepEqual(await node.hostPods(), onHostNetwork);
  assert.match(
    await node.box("eks-satellite", "check", "--only", "pod-network"),
    /pods get addresses of 10\.250\.16\.0\/25/,
  );
});

test("pods get addresses of the node's network, with the tunnel's MTU, and reach each other", async () => {
  await node.startPods();
  const alone = await node.addressOf("alone");
  assert.match(alone, /^10\.250\.16\.\d+$/);
  assert.match(await node.asks("/bin/busybox", "ip", "link", "show", "eth0"), / mtu 1420 /);
  const own = await node.addressOf("asks");
  assert.match(
    await node.fetchFromPod(`http://${alone}:${POD_PORT}/cgi-bin/who`),
    new RegExp(`^alone asked from .*${own}`),
  );
  const { podNetwork } = (await node.connected.satellite.status()) as { podNetwork?: { addresses: object } };
  assert.deepEqual(podNetwork?.addresses, { used: 4, capacity: 125 });
});

test("a pod reaches the VPC, the API server and cluster DNS by Services, and is seen with its own address", async () => {
  const own = await node.addressOf("asks");
  const said = await node.fetchFromPod("http://app-in-the-vpc.default.svc.cluster.local/");
  assert.equal(said, `the app in the VPC, asked from ${own}`);
  assert.match(await node.asks("nslookup", "kubernetes.default.svc.cluster.local"), /10\.100\.0\.1\b/);
  const version = await node.asks(
    "wget",
    "-q",
    "--no-check-certificate",
    "-O",
    "-",
    "https://kubernetes.default.svc/version",
  );
  assert.match(version, /"major": "1"/);
});

test("a pod of the VPC, and the API server's webhook call, reach a pod by its address", async () => {
  const alone = await node.addressOf("alone");
  const { appPod, dnsPod } = node.connected.sandbox.addresses;
  const said = await node.fromVpc(`http://${alone}:${POD_PORT}/cgi-bin/who`);
  assert.ok(said.includes(appPod) || said.includes(dnsPod), said);
  await startWebhook(node.connected, { hostNetwork: false });
  assert.match(await node.addressOf("hook"), /^10\.250\.16\.\d+$/);
  const refused = node.kubectl("create", "configmap", "refused", "--from-literal=a=b");
  await assert.rejects(refused, /denied by a webhook on the satellite/);
  await node.kubectl("delete", "validatingwebhookconfiguration", "--all");
});

test("logs and exec of a pod with an address", async () => {
  assert.match(await node.kubectl("logs", "hook"), /listening/);
  assert.equal(
    await node.kubectl("exec", "alone", "--", "cat", "/w/cgi-bin/who").then((text) => text.includes("NAME")),
    true,
  );
});

test("pods of two satellites reach each other both ways, with their own addresses; the other's kubelet stays closed", async () => {
  const neighbour = await Neighbour.join(node.connected.sandbox, "10.250.0.77", OTHER);
  const server = serveOn(neighbour.namespace, OTHER.address, POD_PORT);
  try {
    const alone = await node.addressOf("alone");
    const curl = ["curl", "--silent", "--max-time", "5", "--interface", OTHER.address];
    const wait = { what: "the neighbour's way to a pod", deadlineMs: 60_000 };
    const said = await waitFor(wait, () =>
      neighbour.run(...curl, `http://${alone}:${POD_PORT}/cgi-bin/who`).catch(() => undefined),
    );
    assert.match(said, new RegExp(`^alone asked from .*${OTHER.address}`));
    const own = await node.addressOf("asks");
    assert.match(await node.fetchFromPod(`http://${OTHER.address}:${POD_PORT}/`), new RegExp(`asked from ${own}`));
    await assert.rejects(neighbour.run(...curl, "--insecure", `https://${NODE}:10250/healthz`));
  } finally {
    server.kill();
    await neighbour.leave();
  }
});

test("what a pod sends elsewhere leaves under the machine's address", async () => {
  const { addresses, nat } = node.connected.sandbox;
  const namespace = await nat.neighbour();
  const [address = ""] = addresses.vpc?.lanOthers ?? [];
  const lan = (await execIn(namespace, ["ip", "-4", "-brief", "address"])).stdout;
  const listening = /(\d+\.\d+\.\d+\.\d+)\/24/.exec(lan)?.[1] ?? address;
  const server = serveOn(namespace, listening, POD_PORT);
  try {
    const wait = { what: "the server in the machine's own network", deadlineMs: 20_000 };
    const said = await waitFor(wait, () =>
      node.fetchFromPod(`http://${listening}:${POD_PORT}/`).catch(() => undefined),
    );
    assert.equal(said.trim(), `the app in the VPC, asked from ${addresses.node}`);
  } finally {
    server.kill();
  }
});

test("an address that no pod has is refused at once, and does not go round between gateway and node", async () => {
  const started = performance.now();
  await assert.rejects(node.fromVpc("http://10.250.16.120:8080/"));
  assert.ok(performance.now() - started < 5000, "a host that is unreachable, and no timeout");
});

test("datagrams of the tunnel's size pass whole both ways, and the sender of a larger one learns its limit", async () => {
  const alone = await node.addressOf("alone");
  const echo = await startEcho(await podNamespacePath(node.connected.sandbox, alone), alone, 9000);
  try {
    const from = node.vpcPod;
    assert.equal(await sendWhole(from, alone, 9000, 1392), "echo of 1392");
    assert.equal(await sendWhole(from, alone, 9000, 1393), "EMSGSIZE");
  } finally {
    echo.stop();
  }
});

test("an entry that loses its network for pods is named, and what runs stays; the next one is taken up", async () => {
  const { satellite, sandbox } = node.connected;
  const patch = (entry: object) =>
    sandbox.kubectl([
      ...["patch", "configmap", "eks-satellite-network", "--namespace=kube-system", "--type=merge"],
      `--patch=${JSON.stringify({ data: { [nodeName]: JSON.stringify(entry) } })}`,
    ]);
  await patch({ address: NODE, pods: [] });
  await satellite.systemctl("restart");
  const { hint } = await satellite.untilReason("PodNetworkReady", "PodPrefixMissing", 120_000);
  assert.match(hint ?? "", /authorize … --node-name satellite-1 --tunnel/);
  assert.equal(await node.box("ls", "/etc/cni/net.d"), "10-eks-satellite.conflist");
  const alone = await node.addressOf("alone");
  const answer = await waitFor({ what: "kubelet to know its pods again", deadlineMs: 30_000 }, () =>
    node.fetchFromPod(`http://${alone}:${POD_PORT}/cgi-bin/who`),
  );
  assert.match(answer, /^alone/);
  await node.administer(`eks-satellite authorize ${CLUSTER} --tunnel --node-name ${nodeName}`);
  await satellite.untilReason("PodNetworkReady", "Ready", 120_000);
});

test("routed → host: nothing of pods' addresses is left in force, and pods on the host's network have stayed all the while", async () => {
  const { satellite } = node.connected;
  await node.endPods();
  await satellite.configure({});
  await satellite.untilReason("PodNetworkReady", "NotUsed");
  await satellite.untilHealthy();
  assert.equal(await node.box("ls", "/etc/cni/net.d"), "10-host-network.conf");
  assert.doesNotMatch(await node.box("iptables-save"), /EKS-SATELLITE.*(?:10\.250\.16|MASQUERADE)/);
  const page = (pods: readonly string[]) => pods.filter((line) => line.startsWith("web-"));
  assert.deepEqual(page(await node.hostPods()), page(onHostNetwork));
  for (const [type, reason] of WORKING) await satellite.untilReason(type, reason);
});

test("after a reboot pods have addresses again, and none of before is lost", async () => {
  const { sandbox, satellite } = node.connected;
  await node.route();
  await node.startPods();
  await sandbox.reboot();
  await satellite.untilHealthy(180_000);
  await node.kubectl("wait", "--for=condition=Ready", "pod/alone", "pod/asks", "--timeout=120s");
  const wait = { what: "as many addresses as pods", deadlineMs: 120_000, intervalMs: 1000 };
  await waitFor(wait, async () => {
    const { items } = JSON.parse(await node.kubectl("get", "pods", "--output=json"));
    const pods = items.filter(({ spec }: { spec: { hostNetwork?: boolean } }) => spec.hostNetwork !== true).length;
    const { podNetwork } = (await satellite.status()) as { podNetwork?: { addresses: { used?: number } } };
    return podNetwork?.addresses.used === pods;
  });
  // The cluster shows the addresses of before until kubelet has reported.
  const answer = await waitFor({ what: "the pod to answer at its new address", deadlineMs: 60_000 }, async () =>
    node.fromVpc(`http://${await node.addressOf("alone")}:${POD_PORT}/cgi-bin/who`),
  );
  assert.match(answer, /^alone asked from/);
});

test("reset leaves nothing of it", async () => {
  await node.box("eks-satellite", "reset", "--yes");
  assert.doesNotMatch(await node.box("iptables-save"), /EKS-SATELLITE|CNI-|KUBE-SERVICES/);
  assert.doesNotMatch(await node.box("ip", "link"), /veth/);
  assert.doesNotMatch(await node.box("ip", "route"), /10\.250\.|unreachable/);
  assert.equal(await node.box("sh", "-c", "ls -d /etc/cni/net.d/* /var/lib/cni/networks/* 2>/dev/null; true"), "");
});
