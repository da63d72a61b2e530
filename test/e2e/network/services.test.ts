// Cluster IPs and cluster names from a pod on the satellite's network, with the real kube-proxy and the real CoreDNS; each is taken away, and its
// condition says so. The control plane is beside the machine: what a tunnel changes is not tried here.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { down } from "../../sandbox/down.ts";
import { clean } from "../../sandbox/environment.ts";
import { webImage, webPage } from "../../sandbox/images.ts";
import { configPath } from "../../sandbox/install-agent.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { appService } from "../../sandbox/services/app.ts";
import { startClusterDns, stopClusterDns } from "../../sandbox/services/cluster-dns.ts";
import { routeServices } from "../../sandbox/services/services.ts";
import { cacheFolder } from "../../sandbox/state.ts";
import { Progress } from "../../sandbox/step.ts";
import { up } from "../../sandbox/up.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { webName, webPort } from "../../sandbox/workload.ts";
import { Satellite } from "../satellite.ts";
import { verified } from "../verified.ts";

const FOLDER = join(cacheFolder(), "services-sandbox");
const POD = "caller";
const kubeSystem = "--namespace=kube-system";

let sandbox: Sandbox;
let satellite: Satellite;
before(async () => {
  await down(FOLDER);
  ({ sandbox } = await up({ folder: FOLDER, services: true }));
  satellite = new Satellite(sandbox, (await sandbox.box(["cat", configPath])).stdout);
  await satellite.configure({ intervals: { runtimeSeconds: 1 } });
  await sandbox.kubectl(["apply", "--filename=-"], renderCaller());
  await sandbox.kubectl(["wait", "--for=condition=Ready", `pod/${POD}`, "--timeout=60s"]);
  await satellite.untilReason("ServicesWorking", "Answers");
  await satellite.untilReason("ClusterDnsWorking", "Answers");
});
after(() => down(FOLDER));

/** A pod on the host's network that asks cluster DNS. */
function renderCaller(): string {
  const container = { name: POD, image: webImage, imagePullPolicy: "Never", command: ["sleep", "3600"] };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: POD },
    spec: {
      hostNetwork: true,
      dnsPolicy: "ClusterFirstWithHostNet",
      terminationGracePeriodSeconds: 0,
      containers: [container],
    },
  });
}

const inPod = (...command: string[]) => sandbox.kubectl(["exec", POD, "--", ...command]);
const fetchFrom = (host: string) => inPod("wget", "-q", "-O", "-", `http://${host}/`);

/** Keeps kube-proxy's pods off every node, or lets them back. */
function placeKubeProxy(selector: Record<string, string> | null): Promise<string> {
  const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector: selector } } } });
  return sandbox.kubectl(["patch", "daemonset", "kube-proxy", kubeSystem, `--patch=${patch}`]);
}

/** A contradiction that has not lasted yet counts. */
function untilContradicted(type: string, reason: string): Promise<unknown> {
  return waitFor({ what: `${type} to be contradicted by ${reason}`, deadlineMs: 20_000 }, async () => {
    const { pending, ...settled } = await satellite.condition(type);
    return (pending?.reason ?? settled.reason) === reason;
  });
}

test("a pod on the host's network reaches an application in the VPC by its cluster IP and by its name", async () => {
  const answer = `the app in the VPC, asked from ${sandbox.addresses.node}`;
  assert.equal(await fetchFrom(appService.clusterIP), answer);
  assert.equal(await fetchFrom(appService.name), answer);
  assert.equal(await fetchFrom(`${appService.name}.default.svc.cluster.local`), answer);
  assert.match(await inPod("nslookup", "kubernetes.default.svc.cluster.local"), /10\.100\.0\.1\b/);
});

test("kubectl port-forward leads to a port of a pod", async (context) => {
  const args = ["--kubeconfig", sandbox.kubeconfig, "port-forward", `deployment/${webName}`, `:${webPort}`];
  const forward = execa(join(sandbox.programs.kubernetes, "kubectl"), args, { ...clean(), reject: false });
  context.after(() => forward.kill());
  let said = "";
  forward.stdout?.on("data", (chunk: Buffer) => (said += chunk));
  const wait = { what: "kubectl to forward a port", deadlineMs: 20_000, explain: () => said };
  const port = await waitFor(wait, async () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), webPage);
});

test("check agrees", async () => {
  const { stdout } = await sandbox.box([
    "eks-satellite",
    "check",
    "--only",
    "services",
    "cluster-dns",
    "--output",
    "json",
  ]);
  const { checks } = JSON.parse(stdout) as { checks: { outcome: string; evidence: string }[] };
  assert.deepEqual(
    checks.map(({ outcome, evidence }) => [outcome, evidence]),
    [
      ["ok", "the API server answers at its Service 10.100.0.1; kube-proxy's rules are fresh"],
      ["ok", "cluster DNS at 10.100.0.10 knows kubernetes.default.svc.cluster.local"],
    ],
  );
});

test("a missing route for the service range is named with the source that the kernel takes", async () => {
  await satellite.box("ip", "route", "delete", "10.100.0.0/16");
  await untilContradicted("ServicesWorking", "ServiceRouteMissing");
  const { pending } = (await satellite.condition("ServicesWorking")) as { pending?: { message?: string } };
  assert.match(pending?.message ?? "", new RegExp(`by uplink from ${sandbox.addresses.uplink.inside}`));
  await routeServices(sandbox);
  await untilContradicted("ServicesWorking", "Answers");
});

test("CoreDNS that is away, and one that is out of reach, have reasons of their own, and the node is Ready all the while", async () => {
  await stopClusterDns(sandbox);
  const away = await satellite.untilReason("ClusterDnsWorking", "CoreDnsAway");
  assert.deepEqual((await satellite.status()).rootCauses, ["ClusterDnsWorking"]);
  assert.match(away.hint ?? "", /k8s-app=kube-dns/);
  // The kernel refuses only some of many questions, and the daemon asks as well.
  assert.match(await verified(sandbox, "dns"), /^✗ dns +(core-dns-away|dns-timeout): /m);
  const drop = ["INPUT", "--destination", sandbox.addresses.dnsPod, "--jump", "DROP"];
  const inControl = (...args: string[]) =>
    execa("ip", ["netns", "exec", sandbox.addresses.controlNamespace, "iptables", ...args], clean());
  await inControl("--append", ...drop);
  await satellite.untilReason("ClusterDnsWorking", "DnsTimeout");
  assert.match(await verified(sandbox, "dns"), /^✗ dns +dns-timeout: /m);
  await inControl("--delete", ...drop);
  await startClusterDns(sandbox, new Progress());
  await satellite.untilReason("ClusterDnsWorking", "Answers");
  assert.equal((await satellite.condition("NodeReady")).status, "True");
});

test("kube-proxy that is away is missed, though its rules go on answering; back, it is seen within seconds", async () => {
  await placeKubeProxy({ "eks-satellite.test/nowhere": "true" });
  const { hint } = await satellite.untilReason("ServicesWorking", "KubeProxyMissing");
  assert.match(await verified(sandbox, "service"), /^✗ service +kube-proxy-missing: /m);
  assert.match(hint ?? "", /add-on kube-proxy/);
  assert.match(await fetchFrom(appService.name), /the app in the VPC/);
  assert.equal((await satellite.condition("ClusterDnsWorking")).status, "True");
  await placeKubeProxy(null);
  await satellite.untilReason("ServicesWorking", "Answers");
});

test("kube-proxy that cannot write its rules is stale after a minute, and fresh as soon as it can", async () => {
  const pid = (await satellite.box("pidof", "kube-proxy")).trim();
  const iptables = `/proc/${pid}/root/usr/sbin/xtables-nft-multi`;
  await satellite.box("chmod", "a-x", iptables);
  await sandbox.kubectl(["create", "service", "clusterip", "new-here", "--tcp=80"]); // Something to write.
  const { hint, message } = await satellite.untilReason("ServicesWorking", "RulesStale", 150_000);
  assert.match(message ?? "", /since 20\d\d-.*: Services that changed lead to pods that are gone/);
  assert.match(hint ?? "", /Read the logs of its pod/);
  assert.equal((await satellite.condition("NodeReady")).status, "True");
  await satellite.box("chmod", "a+x", iptables);
  await satellite.untilReason("ServicesWorking", "Answers", 60_000);
});

test("reset leaves nothing of kube-proxy's in the packet filter", async () => {
  const rules = async () => {
    const saved = await Promise.all(["iptables-save", "ip6tables-save"].map((program) => satellite.box(program)));
    return saved.flatMap((text) => text.split("\n")).filter((line) => line.includes("KUBE-"));
  };
  assert.ok((await rules()).length > 60);
  await satellite.box("eks-satellite", "reset", "--yes");
  assert.deepEqual(await rules(), []);
  assert.equal(await satellite.read("/proc/sys/net/ipv4/conf/all/route_localnet"), "0");
});
