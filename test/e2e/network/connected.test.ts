// docs/tutorials/in-the-cluster-network.md word for word: from a cluster without any of it to a node behind a NAT whose pods are in the cluster's network.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { LABEL } from "../../../agent/admin/verify/pods.ts";
import { ROW_NAMES } from "../../../agent/admin/verify/row.ts";
import { webImage, webPage } from "../../sandbox/images.ts";
import { accountId, clusterName, nodeName, region } from "../../sandbox/state.ts";
import { webName, webPort } from "../../sandbox/workload.ts";
import { documentedBlocks, GATEWAY_PACKAGE } from "../documented-blocks.ts";
import { bringUpInVpc, CLUSTER, type Connected, openApp, startNode, untilGatewayWorks, WORKING } from "./connected.ts";
import { fetchForwarded } from "./port-forward.ts";
import { startWebhook } from "./webhook.ts";

interface VerifyDocument {
  readonly rows: readonly { readonly name: string; readonly outcome: string; readonly message: string }[];
  readonly left: readonly string[];
}

let connected: Connected;
before(async () => {
  connected = await bringUpInVpc();
});
after(() => connected?.close());

const page = () =>
  documentedBlocks("network", {
    "eks-satellite gateway create": `eks-satellite gateway create ${connected.gatewayOptions}`,
    [GATEWAY_PACKAGE]: connected.package.url,
    "SHA256-OF-THE-PACKAGE": connected.package.sha256,
    "public.ecr.aws/docker/library/busybox:1.36": webImage,
    "user/gpu-machines": "user/satellite",
    "111122223333": accountId,
    "my-cluster": clusterName,
    "us-east-1": region,
    "gpu-1": nodeName,
  });

/** Runs a line of the page at the laptop's terminal, and answers its question. */
async function confirmed(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await connected.laptop.run(line, { typed: "y\n" });
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout;
}

/** The page's kubectl commands, each as the administrator's. */
async function kubectlLines(block: string): Promise<string> {
  const said: string[] = [];
  for (const line of block.trim().split("\n"))
    said.push(await connected.sandbox.kubectl(line.replace(/^kubectl /, "").split(" ")));
  return said.join("\n");
}

test("a gateway is made by one command, and again there is nothing to do", async () => {
  const [create = "", check = ""] = page();
  const said = await confirmed(create);
  assert.match(said, /^✓ update remote networks of cluster /m);
  assert.match((await connected.laptop.run(create)).stdout, /^nothing to do/m);
  await untilGatewayWorks(connected.laptop);
  assert.equal((await connected.laptop.run(check)).exitCode, 0);
});

test("authorize gives the node its address, and the daemon needs no word more", async () => {
  const [, , authorize = ""] = page();
  assert.match(await confirmed(authorize), /^✓ create satellite-1 in eks-satellite-network$/m);
  await startNode(connected);
  for (const [type, reason] of WORKING) await connected.satellite.untilReason(type, reason);
  await connected.satellite.untilReason("ServingCertificateSigned", "Signed");
  const address = "jsonpath={.status.addresses[?(@.type=='InternalIP')].address}";
  assert.equal(await connected.sandbox.kubectl(["get", "node", nodeName, `--output=${address}`]), "10.250.0.2");
  await untilGatewayWorks(connected.laptop, `--node-name ${nodeName}`);
});

test("logs, exec, cluster names: the page's pod has them", async () => {
  const [, , , , pod = "", use = ""] = page();
  const [, manifest = ""] = /<<'END'\n(.*)\nEND\n/s.exec(pod) ?? [];
  const inside = parse(manifest);
  inside.spec.containers[0].imagePullPolicy = "Never";
  await connected.sandbox.kubectl(["apply", "--filename=-"], JSON.stringify(inside));
  await connected.sandbox.kubectl(["wait", "pod/inside", "--for=condition=Ready", "--timeout=60s"]);
  const said = await kubectlLines(use);
  assert.match(said, /hello from the satellite/);
  assert.match(said, /Address: 10\.100\.0\.1$/m);
});

test("a pod on the host's network uses a ClusterIP by its cluster name", async () => {
  await openApp(connected);
  const url = "http://app-in-the-vpc.default.svc.cluster.local/";
  const said = await connected.sandbox.kubectl(["exec", "inside", "--", "wget", "-q", "-O", "-", url]);
  assert.match(said, /in the VPC/);
});

test("port-forward, and kubelet's resource metrics, as kubectl top reads them", async () => {
  const metrics = `/api/v1/nodes/${nodeName}/proxy/metrics/resource`;
  assert.match(await connected.sandbox.kubectl(["get", "--raw", metrics]), /^node_cpu_usage_seconds_total /m);
  assert.equal(await fetchForwarded(connected.sandbox, `deployment/${webName}`, webPort), webPage);
});

test("verify, at the laptop, finds every way to the node and back, and leaves nothing", async () => {
  const { laptop, sandbox } = connected;
  const line = `eks-satellite verify --node ${nodeName} --kubeconfig ${await laptop.kubeconfig()} --image ${webImage}`;
  const { exitCode, stdout, stderr } = await laptop.run(`${line} --output json`);
  const { rows, left } = JSON.parse(stdout || "{}") as VerifyDocument;
  assert.deepEqual(
    rows.map(({ name, outcome, message }) => [name, outcome === "ok" ? "ok" : `${outcome}: ${message}`]),
    ROW_NAMES.map((name) => [name, name === "gpu" ? "skip: the Node offers no nvidia.com/gpu" : "ok"]),
    stderr,
  );
  assert.deepEqual([exitCode, left], [0, []]);
  assert.equal(await sandbox.kubectl(["get", "pods,services", `--selector=${LABEL}`, "--output=name"]), "");
});

test("verify names kubelet's port that is closed, and asks the rest all the same", async () => {
  const { laptop, satellite } = connected;
  const closed = ["INPUT", "--in-interface", "es0", "--protocol", "tcp", "--dport", "10250", "--jump", "DROP"];
  await satellite.box("iptables", "--insert", ...closed);
  try {
    const line = `eks-satellite verify --node ${nodeName} --kubeconfig ${await laptop.kubeconfig()} --image ${webImage}`;
    const { exitCode, stdout } = await laptop.run(`${line} --only kubelet logs dns cluster-ip`);
    assert.equal(exitCode, 1);
    assert.match(stdout, /^✗ kubelet +kubelet-unreachable: .*\n +→ eks-satellite gateway check --cluster /m);
    assert.match(stdout, /^○ logs +not tried: see kubelet$/m);
    for (const name of ["dns", "cluster-ip"]) assert.match(stdout, new RegExp(`^✓ ${name} `, "m"));
  } finally {
    await satellite.box("iptables", "--delete", ...closed);
  }
});

test("the API server asks a validating webhook that runs on the satellite", async () => {
  await startWebhook(connected);
  await assert.rejects(
    connected.sandbox.kubectl(["create", "configmap", "refused", "--from-literal=a=b"]),
    /denied by a webhook on the satellite/,
  );
});

test("reset takes all of the tunnel with it, and gateway delete all of the gateway", async () => {
  const { satellite, sandbox, laptop } = connected;
  await sandbox.kubectl(["delete", "validatingwebhookconfiguration", "--all"]);
  await satellite.box("eks-satellite", "reset", "--yes");
  assert.equal((await sandbox.box(["ip", "link", "show", "es0"], { mayFail: true })).exitCode, 1);
  assert.doesNotMatch(await satellite.box("ip", "address", "show", "dev", "lo"), /10\.250\./);
  assert.doesNotMatch(await satellite.box("ip", "route"), /es0/);
  assert.doesNotMatch(await satellite.box("iptables-save"), /EKS-SATELLITE|KUBE-SERVICES/);
  await confirmed(`eks-satellite revoke ${CLUSTER} --tunnel --node-name ${nodeName}`);
  await confirmed(`eks-satellite gateway delete ${CLUSTER}`);
  assert.deepEqual(await sandbox.instances(), []);
  assert.equal((await laptop.run(`eks-satellite gateway list ${CLUSTER}`)).exitCode, 0);
});
