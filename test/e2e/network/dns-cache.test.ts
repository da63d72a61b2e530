// The cache for names on the machine: what pods get of it, with the gateway there, dead and back, and with the daemon killed; and the way back.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { clean } from "../../sandbox/environment.ts";
import { webImage } from "../../sandbox/images.ts";
import { importDnsCacheImage } from "../../sandbox/services/dns-cache-image.ts";
import { Progress } from "../../sandbox/step.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { type PublicNames, servePublicNames } from "./public-names.ts";
import { RoutedNode } from "./routed.ts";
import { podNamespacePath } from "./routed-pods.ts";

const CACHE = "169.254.20.10";
const CLUSTER_DNS = "10.100.0.10";
const ZONE = "default.svc.cluster.local";
const POD = "pod/eks-satellite-dns-satellite-1";

let node: RoutedNode;
let names: PublicNames;
/** The network namespace of the pod that asks. */
let asker: string;
before(async () => {
  node = await RoutedNode.bringUp();
  const { sandbox, satellite } = node.connected;
  const internet = sandbox.addresses.vpc?.wayOut.host ?? "";
  names = await servePublicNames(internet);
  await satellite.write("/etc/resolv.conf", `nameserver ${internet}\n`);
  await importDnsCacheImage(sandbox.machine, new Progress());
  await satellite.configure({ network: { cni: "routed", dns: "cached" }, intervals: { runtimeSeconds: 1 } });
  await satellite.untilReason("PodNetworkReady", "Ready");
  await satellite.untilReason("DnsCacheWorking", "Answers", 120_000);
  await node.startPods();
  asker = await podNamespacePath(sandbox, await node.addressOf("asks"));
});
after(async () => {
  names?.close();
  await node?.connected.close();
});

interface Answer {
  readonly name: string;
  readonly answer: string;
  readonly ms: number;
}

/** What a pod is answered, by the program that asks: exec needs the gateway. */
async function ask(asked: readonly string[], { server = CACHE, count = 1 } = {}): Promise<readonly Answer[]> {
  const program = [process.execPath, join(import.meta.dirname, "ask-names.ts"), server, String(count), ...asked];
  return JSON.parse((await execa("nsenter", [`--net=${asker}`, ...program], clean())).stdout);
}

const answerOf = async (name: string) => (await ask([name]))[0]?.answer;

/** A program of the pod's own, whose resolver is glibc's; without the API server. */
async function inPod(...command: readonly string[]): Promise<string> {
  const exec = ["ctr", "--namespace", "k8s.io", "tasks", "exec", "--exec-id", "asks-now", await containerOf("asks")];
  return node.box(...exec, ...command);
}

async function containerOf(pod: string): Promise<string> {
  const listed = await node.box(
    "ctr",
    "--namespace",
    "k8s.io",
    "containers",
    "list",
    `labels."io.kubernetes.pod.name"==${pod}`,
  );
  const id = listed
    .split("\n")
    .find((line) => line.includes(webImage))
    ?.split(/\s+/)[0];
  if (id === undefined) throw new Error(`no container of ${pod}:\n${listed}`);
  return id;
}

/** The process of the cache, and when it was started. */
const cacheProcess = () => node.box("sh", "-c", "p=$(pidof coredns) && cut -d' ' -f1,22 /proc/$p/stat");

const inOrder = (answers: readonly Answer[]) => answers.map(({ ms }) => ms).toSorted((one, other) => one - other);

test("pods of both kinds get cluster, public and reverse names", async () => {
  assert.match(await node.asks("cat", "/etc/resolv.conf"), new RegExp(`nameserver ${CACHE}\n`));
  assert.match(await node.asks("nslookup", `kubernetes.${ZONE}`), /10\.100\.0\.1\b/);
  assert.equal(await node.fetchFromPod(names.page(`www.${names.domain}`)), "a public page");
  const asked = await ask(["10.100.0.1", `nothing.${ZONE}`, `nothing.else.test`]);
  assert.deepEqual(
    asked.map(({ answer }) => answer),
    [`kubernetes.${ZONE}`, "ENOTFOUND", "ENOTFOUND"],
  );
  const container = { name: "host", image: webImage, imagePullPolicy: "Never", command: ["sleep", "3600"] };
  const spec = {
    hostNetwork: true,
    dnsPolicy: "ClusterFirstWithHostNet",
    terminationGracePeriodSeconds: 0,
    containers: [container],
  };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "on-the-host" }, spec };
  await node.connected.sandbox.kubectl(["apply", "--filename=-"], JSON.stringify(pod));
  await node.kubectl("wait", "--for=condition=Ready", "pod/on-the-host", "--timeout=60s");
  assert.match(await node.kubectl("exec", "on-the-host", "--", "nslookup", `alone.${ZONE}`), /Address.*10\.100\./);
  assert.match(await node.kubectl("--namespace=kube-system", "get", POD, "--output=name"), /eks-satellite-dns/);
  assert.match(await node.box("eks-satellite", "check", "--only", "dns-cache"), /✓.*knows kubernetes\.default/);
});

test("how long a name takes: from the cache, from cluster DNS by the cache, and from cluster DNS", async (context) => {
  const rows = {
    "cached, cluster": await ask([`kubernetes.${ZONE}`], { count: 500 }),
    "cached, public": await ask([`www.${names.domain}`], { count: 500 }),
    "not cached, cluster": await ask([`unknown-#.${ZONE}`], { count: 500 }),
    "without a cache, cluster": await ask([`kubernetes.${ZONE}`], { count: 500, server: CLUSTER_DNS }),
  };
  for (const [what, answers] of Object.entries(rows)) {
    const sorted = inOrder(answers);
    context.diagnostic(`${what}: median ${sorted[250]?.toFixed(3)} ms, p95 ${sorted[475]?.toFixed(3)} ms`);
  }
  assert.ok((inOrder(rows["cached, cluster"])[250] ?? 0) < 20);
});

test("with the gateway dead: public names as before, cluster names of before stale, others not at all and at once; the daemon's death is no matter", async (context) => {
  const { sandbox, satellite } = node.connected;
  const before = await cacheProcess();
  const [known] = await ask([`alone.${ZONE}`]);
  const gateway = await sandbox.gateway();
  await gateway.kill();
  // What has been asked is fresh for five seconds more.
  await satellite.untilReason("DnsCacheWorking", "ServesStale", 60_000);
  const [stale, unknown, fresh] = await ask([`alone.${ZONE}`, `pair.${ZONE}`, `new.${names.domain}`]);
  assert.equal(stale?.answer, known?.answer);
  assert.equal(unknown?.answer, "ENOTFOUND");
  assert.match(fresh?.answer ?? "", /^\d+\./);
  for (const one of [stale, unknown, fresh])
    context.diagnostic(`${one?.name}: ${one?.answer} in ${one?.ms.toFixed(1)} ms`);
  assert.ok(Math.max(stale?.ms ?? 0, unknown?.ms ?? 0) < 1000, "at once");
  const began = performance.now();
  assert.equal(await inPod("wget", "-q", "-O", "-", names.page(`glibc.${names.domain}`)), "a public page");
  context.diagnostic(
    `a public page by its search list: ${(performance.now() - began).toFixed(0)} ms, the command's start included`,
  );
  await node.box("systemctl", "kill", "--signal=SIGKILL", "eks-satellite");
  assert.equal(await answerOf(`alone.${ZONE}`), known?.answer);
  await waitFor({ what: "the daemon to be back", deadlineMs: 60_000 }, () => satellite.condition("DnsCacheWorking"));
  assert.equal(await cacheProcess(), before);
  // A Service gets another address meanwhile: the API server's public endpoint does not need the gateway.
  await node.kubectl("delete", "service", "alone");
  await node.kubectl("create", "service", "clusterip", "alone", "--clusterip=10.100.77.77", "--tcp=80:8080");
  assert.equal(await answerOf(`alone.${ZONE}`), known?.answer);
  await gateway.start();
  const wait = { what: "the new address", deadlineMs: 120_000, intervalMs: 250 };
  await waitFor(wait, async () => (await answerOf(`alone.${ZONE}`)) === "10.100.77.77");
  await satellite.untilReason("DnsCacheWorking", "Answers", 60_000);
  assert.match((await answerOf(`pair.${ZONE}`)) ?? "", /^10\.100\./);
  assert.equal(await cacheProcess(), before);
});

test("other name servers of the machine are taken up by the cache that runs, without a question lost", async () => {
  const { satellite, sandbox } = node.connected;
  const before = await cacheProcess();
  await satellite.write("/etc/resolv.conf", `nameserver ${sandbox.addresses.vpc?.wayOut.host}\nnameserver 192.0.2.1\n`);
  const log = "cat /var/log/pods/kube-system_eks-satellite-dns-*/coredns/*.log";
  await waitFor({ what: "CoreDNS to load the new Corefile", deadlineMs: 90_000 }, async () => {
    const answers = await ask([`kubernetes.${ZONE}`], { count: 50 });
    assert.deepEqual([...new Set(answers.map(({ answer }) => answer))], ["10.100.0.1"]);
    return (await node.box("sh", "-c", log)).includes("Reloading complete");
  });
  assert.equal(await cacheProcess(), before);
});

test("cached → cluster: pods that run keep the cache, new ones ask cluster DNS, and it goes with the last that asks", async () => {
  const { satellite } = node.connected;
  await satellite.configure({ network: { cni: "routed" }, intervals: { runtimeSeconds: 1, convergeSeconds: 5 } });
  const { message } = await satellite.untilReason("DnsCacheWorking", "StillUsed", 90_000);
  assert.match(message, /still ask the cache/);
  assert.equal(await answerOf(`kubernetes.${ZONE}`), "10.100.0.1");
  await node.kubectl("delete", "pod", "on-the-host", "--wait");
  await node.endPods();
  await satellite.untilReason("DnsCacheWorking", "NotUsed", 120_000);
  await satellite.untilHealthy();
  await waitFor(
    { what: "the cache to end", deadlineMs: 60_000 },
    async () => (await node.box("sh", "-c", "pidof coredns || true")) === "",
  );
  assert.doesNotMatch(await node.box("ip", "address", "show", "dev", "lo"), new RegExp(CACHE));
  assert.equal(
    await node.box("sh", "-c", "ls /etc/kubernetes/manifests /etc/kubernetes/eks-satellite-dns"),
    "/etc/kubernetes/eks-satellite-dns:\n\n/etc/kubernetes/manifests:",
  );
  await node.startPods();
  assert.match(await node.asks("cat", "/etc/resolv.conf"), new RegExp(`nameserver ${CLUSTER_DNS}\n`));
});

test("a program that has port 53 of every address is named, and the cache comes once it is gone; reset leaves nothing of it", async () => {
  const { satellite } = node.connected;
  await node.box("systemd-run", "--unit=other-name-server", "socat", "-u", "UDP4-RECV:53", "OPEN:/dev/null");
  await satellite.configure({ network: { cni: "routed", dns: "cached" }, intervals: { runtimeSeconds: 1 } });
  const { message } = await satellite.untilReason("DnsCacheWorking", "DnsPortTaken", 120_000);
  assert.match(message, /taken by socat/);
  await node.box("systemctl", "stop", "other-name-server");
  await satellite.untilReason("DnsCacheWorking", "Answers", 120_000);
  await node.box("eks-satellite", "reset", "--yes");
  assert.equal(await node.box("sh", "-c", "pidof coredns || true"), "");
  assert.doesNotMatch(await node.box("ip", "address", "show", "dev", "lo"), new RegExp(CACHE));
  assert.equal(await node.box("sh", "-c", "ls -d /etc/kubernetes 2>/dev/null || true"), "");
});
