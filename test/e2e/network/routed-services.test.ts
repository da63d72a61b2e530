// Services in front of pods with addresses (network.cni: routed): every kind, from every side, in both modes of kube-proxy, and while it is away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { execIn } from "../../sandbox/links.ts";
import { nodeName } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { NODE, RoutedNode } from "./routed.ts";
import { HOST_PORT, NODE_PORTS, POD_PORT, renderBothSides } from "./routed-pods.ts";

let node: RoutedNode;
before(async () => {
  node = await RoutedNode.bringUp();
  await node.route();
  await node.startPods();
});
after(() => node?.connected.close());

/** By its whole name: a pod's own name is its own address, in its /etc/hosts. */
const HAIRPIN = "http://alone.default.svc.cluster.local/cgi-bin/who";

/** Its label, as jsonpath takes a key with dots. */
const ZONE = "topology\\.kubernetes\\.io/zone";

const times = (count: number) => Array.from({ length: count }, (_, index) => index);

test("two megabytes pass either way by TCP", async () => {
  const alone = await node.addressOf("alone");
  const size = await node.fromVpc(
    "--output",
    "/dev/null",
    "--write-out",
    "%{size_download}",
    `http://${alone}:${POD_PORT}/large`,
  );
  assert.equal(size, "2048000");
  const upload = [
    "sh",
    "-c",
    `head -c 2048000 /dev/zero | curl --silent --max-time 20 --data-binary @- http://${alone}:${POD_PORT}/cgi-bin/count`,
  ];
  assert.equal((await execIn(node.vpcPod, upload)).stdout.trim(), "2048000");
});

/** From a machine in the satellite's own network, at the satellite's address there. */
async function fromLan(port: number): Promise<string> {
  const { nat, addresses } = node.connected.sandbox;
  const url = `http://${addresses.node}:${port}/cgi-bin/who`;
  return (await execIn(await nat.neighbour(), ["curl", "--silent", "--show-error", "--max-time", "10", url])).stdout;
}

/** Every kind of Service, in whichever mode kube-proxy is. */
async function servicesWork(): Promise<void> {
  const own = await node.addressOf("asks");
  const answers = async (url: string, count = 8) =>
    Promise.all(times(count).map(() => node.fetchFromPod(`${url}/cgi-bin/who`)));
  const names = (said: readonly string[]) => new Set(said.map((line) => line.split(" ")[0]));
  assert.equal(names(await answers("http://pair", 16)).size, 2, "ClusterIP spreads");
  assert.equal(names(await answers("http://pair-sticky")).size, 1, "session affinity keeps");
  const addresses = (
    await node.kubectl("get", "pods", "--selector=app=pair", "--output=jsonpath={.items[*].status.podIP}")
  ).split(" ");
  const said = await node.asks("nslookup", "pair-headless.default.svc.cluster.local");
  for (const address of addresses) assert.ok(said.includes(address), `${said} lacks ${address}`);
  const hairpin = await node.kubectl("exec", "alone", "--", "wget", "-q", "-O", "-", HAIRPIN);
  assert.match(hairpin, /^alone asked from/);
  assert.match((await answers("http://pair", 1))[0] ?? "", new RegExp(own), "the client's address stays");
  assert.match(await node.fromVpc(`http://${NODE}:${NODE_PORTS.cluster}/cgi-bin/who`), /^pair-\S+ asked from/);
  const client = await node.fromVpc(`http://${NODE}:${NODE_PORTS.local}/cgi-bin/who`);
  assert.match(client, /^pair-\S+ asked from .*10\.0\.3\.(?:53|80)/, "externalTrafficPolicy Local shows the client");
  assert.match(await node.fromVpc(`http://${NODE}:${HOST_PORT}/cgi-bin/who`), /^alone asked from/);
}

test("Services of every kind, by kube-proxy in mode iptables", () => servicesWork());

test("a Service with replicas on both sides keeps to the satellite's own zone, and without trafficDistribution it does not", async () => {
  const { sandbox } = node.connected;
  const zone = await node.kubectl("get", "node", nodeName, `--output=jsonpath={.metadata.labels.${ZONE}}`);
  assert.equal(zone, `satellite-${nodeName}`);
  await sandbox.kubectl(["apply", "--filename=-"], renderBothSides(sandbox.addresses.appPod));
  const ask = (service: string) =>
    Promise.all(times(24).map(() => node.fetchFromPod(`http://${service}.default.svc.cluster.local/cgi-bin/who`)));
  const isNear = (answer: string) => answer.startsWith("pair-");
  // Who asks for a new Service before kube-proxy has written its rules gets no answer.
  const wait = { what: "both sides to answer", deadlineMs: 60_000, intervalMs: 500 };
  await waitFor(wait, async () => new Set((await ask("both-sides")).map(isNear)).size === 2);
  await waitFor({ ...wait, what: "the near side alone" }, async () => (await ask("near-side")).every(isNear));
  const hints = await node.kubectl(
    ...["get", "endpointslices", "--selector=kubernetes.io/service-name=near-side,app!=far", "--output"],
    "jsonpath={.items[*].endpoints[*].hints.forZones[*].name}",
  );
  assert.deepEqual(new Set(hints.split(" ")), new Set([zone]));
});

test("kube-proxy's restart and the API's absence leave the rules", async () => {
  const { sandbox } = node.connected;
  const url = `http://${NODE}:${NODE_PORTS.local}/cgi-bin/who`;
  const proxy = async () => (await node.box("pgrep", "-x", "kube-proxy")).split("\n")[0] ?? "";
  const before = await proxy();
  await sandbox.api("refuse");
  try {
    await node.box("kill", before);
    for (const _ of times(20)) {
      assert.match(await node.fromVpc(url), /^pair-/);
      const own = await node.box(
        "sh",
        "-c",
        `nsenter --target $(pgrep -f 'sleep 7200' | head -1) --net curl --silent --max-time 5 http://10.100.0.40/`,
      );
      assert.match(own, /the app in the VPC/);
    }
    await waitFor({ what: "another kube-proxy", deadlineMs: 60_000 }, async () => (await proxy()) !== before);
    assert.match(await node.fromVpc(url), /^pair-/);
  } finally {
    await sandbox.api("open");
  }
  await node.connected.satellite.untilHealthy(120_000);
});

test("a firewall that drops by default and takes the daemon's chain away is overruled within seconds", async () => {
  const { satellite, sandbox } = node.connected;
  const alone = await node.addressOf("alone");
  await node.box("iptables", "--policy", "FORWARD", "DROP");
  assert.match(await node.fromVpc(`http://${alone}:${POD_PORT}/cgi-bin/who`), /^alone/);
  assert.match(await fromLan(HOST_PORT), /^alone asked from/);
  assert.match(await fromLan(NODE_PORTS.local), /^pair-\S+ asked from .*192\.168\./);
  const publicly = ["wget", "-q", "--no-check-certificate", "-O", "-", `https://${sandbox.addresses.api}/version`];
  assert.match(await node.asks("/bin/busybox", "timeout", "10", ...publicly), /"major": "1"/);
  await node.box("iptables", "--delete", "FORWARD", "--jump", "EKS-SATELLITE");
  await node.box("iptables", "--table", "nat", "--flush", "POSTROUTING");
  await waitFor({ what: "both jumps to be back", deadlineMs: 30_000 }, async () => {
    const rules = await node.box("sh", "-c", "iptables -S FORWARD; iptables -t nat -S POSTROUTING");
    return ["-A FORWARD -j EKS-SATELLITE", "-A POSTROUTING -j EKS-SATELLITE"].every((jump) => rules.includes(jump));
  });
  assert.match(await node.fromVpc(`http://${alone}:${POD_PORT}/cgi-bin/who`), /^alone/);
  await satellite.untilReason("PodNetworkReady", "Ready");
  await node.box("iptables", "--policy", "FORWARD", "ACCEPT");
});

test("Services of every kind, by kube-proxy in mode nftables", async () => {
  const config = JSON.parse(
    await node.kubectl("get", "configmap", "kube-proxy-config", "--namespace=kube-system", "--output=json"),
  );
  const data = { config: String(config.data.config).replace("mode: iptables", "mode: nftables") };
  await node.kubectl(
    "patch",
    "configmap",
    "kube-proxy-config",
    "--namespace=kube-system",
    `--patch=${JSON.stringify({ data })}`,
  );
  await node.kubectl("rollout", "restart", "daemonset/kube-proxy", "--namespace=kube-system");
  await node.kubectl("rollout", "status", "daemonset/kube-proxy", "--namespace=kube-system", "--timeout=120s");
  await waitFor({ what: "kube-proxy's table", deadlineMs: 60_000 }, async () =>
    (await node.box("nft", "list", "tables")).includes("table ip kube-proxy"),
  );
  assert.doesNotMatch(await node.box("iptables-save", "--table", "nat"), /KUBE-SVC-/);
  await servicesWork();
  // In this mode a NodePort is at the node's own address alone (kube-proxy's nodePortAddresses: primary).
  await assert.rejects(fromLan(NODE_PORTS.local));
});
