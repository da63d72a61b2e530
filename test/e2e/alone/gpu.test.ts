// GPUs that are none, on a real node: noticed, used by a pod through the real kubelet, and their faults told within a second.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readGpuMachine } from "../../fakes/gpu-machine.ts";
import type { NodeObject } from "../../sandbox/api.ts";
import { down } from "../../sandbox/down.ts";
import { cacheFolder } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { renderGpuPod } from "../gpu-pod.ts";
import { logKernelLine, readRuntimeRecord, standInGpus } from "../gpu-stand-in.ts";
import { bringUp, type Satellite } from "../satellite.ts";
import { verified } from "../verified.ts";

const NAME = "gpu-sandbox";
const manifests = join(import.meta.dirname, "../../../packaging/kubernetes");
const MANIFEST = join(manifests, "nvidia-device-plugin.yaml");
const TEST_POD = join(manifests, "gpu-test-pod.yaml");
/** Half a minute of waiting for a round is not what is tested. */
const OFTEN = { intervals: { runtimeSeconds: 5 } };
const MACHINE = readGpuMachine("a10");
const UUID = "GPU-5c1b0000-0000-4000-8000-000000000001";
/** After a boot that began a while ago; the time is the machine's, in seconds. */
const XID_79 =
  "<3>[ 4711.000000] NVRM: Xid (PCI:0000:06:00): 79, pid=<unknown>, name=<unknown>, GPU has fallen off the bus.";
const WITHIN_MS = 1000;

let satellite: Satellite;
before(async () => {
  satellite = await bringUp(NAME);
  await satellite.untilHealthy(120_000);
});
after(() => down(join(cacheFolder(), NAME)));

const get = (path: string) => satellite.box("curl", "--silent", "--max-time", "5", `http://127.0.0.1:9911${path}`);
const journal = (...more: readonly string[]) =>
  satellite.box("journalctl", "--unit=eks-satellite", "--boot", "--output=cat", "--no-pager", ...more);
const nvidiaLabels = ({ metadata }: NodeObject) =>
  Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([key]) => key.startsWith("nvidia.com/")));

test("a machine without GPUs hears nothing of them", async () => {
  assert.doesNotMatch(await journal(), /gpu|nvidia/i);
  assert.doesNotMatch(await get("/metrics"), /^eks_satellite_gpu_\w+\{/m);
  assert.deepEqual(nvidiaLabels(await satellite.sandbox.node()), {});
  const pid = await satellite.mainPid("eks-satellite");
  assert.doesNotMatch(
    await satellite.box("/bin/sh", "-c", `ps --ppid ${pid} --no-headers -o comm || true`),
    /dmesg|nvidia/,
  );
  for (const type of ["GpuDriver", "GpusPresent", "GpuHealthy", "GpuRuntimeConfigured"] as const) {
    const { status, reason } = await satellite.condition(type);
    assert.deepEqual([status, reason], ["True", "NoGpu"], type);
  }
  assert.doesNotMatch(await satellite.read("/etc/containerd/config.toml"), /nvidia/);
});

test("gpu.mode: required makes such a machine not ready, and says why", async () => {
  await satellite.configure({ gpu: { mode: "required" } });
  const { hint } = await satellite.untilReason("GpusPresent", "GpuMissing", 30_000);
  assert.match(hint ?? "", /lspci -d 10de:/);
  const readyz = await satellite.box(
    "curl",
    "--silent",
    "--write-out",
    " %{http_code}",
    "http://127.0.0.1:9911/readyz",
  );
  assert.match(readyz, /GpuMissing|gpu\.mode is required/);
  assert.match(readyz, / 503$/);
  await satellite.configure(OFTEN);
});

test("a GPU is noticed: conditions, the Node's labels, containerd's runtime", async () => {
  await standInGpus(satellite, MACHINE, [UUID]);
  await satellite.untilReason("GpuRuntimeConfigured", "Configured", 60_000);
  for (const [type, expected] of Object.entries(MACHINE.expected.conditions)) {
    const { status, reason } = await satellite.condition(type);
    assert.equal(`${status} ${reason}`, expected, type);
  }
  const node = await satellite.sandbox.waitForNode((each) => "nvidia.com/gpu.product" in nvidiaLabels(each), 30_000);
  const forOperator = { "nvidia.com/gpu.deploy.operands": "false" };
  assert.deepEqual(nvidiaLabels(node), { ...MACHINE.expected.labels, ...forOperator });
  assert.equal(node.metadata?.labels?.["feature.node.kubernetes.io/pci-10de.present"], "true");
  const dump = await satellite.box("containerd", "config", "dump");
  assert.match(dump, /default_runtime_name = "nvidia"/);
  await satellite.untilHealthy(60_000);
});

/** Pid and start time of a pod's first process. */
async function processOf(pod: string): Promise<string> {
  const id = (
    await satellite.sandbox.kubectl(["get", "pod", pod, "--output=jsonpath={.status.containerStatuses[0].containerID}"])
  ).split("//")[1];
  const tasks = `ctr --namespace=k8s.io tasks list | awk '$1 == "${id}" { print $2 }'`;
  return satellite.box("/bin/sh", "-c", `pid=$(${tasks}) && echo "$pid $(cut -d' ' -f22 /proc/$pid/stat)"`);
}

const allocatable = () => satellite.sandbox.node().then((node) => node.status?.allocatable?.["nvidia.com/gpu"]);

test("the manifests for the cluster are such as the API server takes, and the plugin's pod is placed on this node", async () => {
  const { sandbox } = satellite;
  const apply = (...args: readonly string[]) => sandbox.kubectl(["apply", ...args]);
  assert.match(
    await apply("--dry-run=server", `--filename=${MANIFEST}`),
    /runtimeclass\.node\.k8s\.io\/nvidia created[\s\S]*daemonset\.apps\/nvidia-device-plugin created/,
  );
  await apply(`--filename=${MANIFEST}`);
  assert.match(await apply("--dry-run=server", `--filename=${TEST_POD}`), /pod\/gpu-test created/);
  const plugin = ["daemonset/nvidia-device-plugin", "--namespace=kube-system"];
  const placed = ["get", ...plugin, "--output=jsonpath={.status.currentNumberScheduled}"];
  const wait = { what: "the plugin's pod to be placed", deadlineMs: 20_000 };
  await waitFor(wait, async () => (await sandbox.kubectl(placed)) === "1");
  // Its image is in no registry that can be reached from here: a stand-in does its work.
  await sandbox.kubectl(["delete", ...plugin]);
});

test("verify gives a pod of its own the GPU and opens it; where another pod has it, that is a warning", async () => {
  const { sandbox } = satellite;
  await waitFor({ what: "the GPU to be allocatable", deadlineMs: 30_000 }, async () => (await allocatable()) === "1");
  assert.match(await verified(sandbox, "gpu"), /^✓ gpu +a pod was given 1 of 1 GPUs and opened \/dev\/nvidia0/m);
  await sandbox.kubectl(["apply", "--filename=-"], renderGpuPod("holder"));
  await sandbox.kubectl(["wait", "pod/holder", "--for=condition=Ready", "--timeout=30s"]);
  assert.match(await verified(sandbox, "gpu"), /^! gpu +gpu-busy: other pods have all 1 GPUs: /m);
  await sandbox.kubectl(["delete", "pod", "holder", "--wait"]);
});

test("a pod that asks for a GPU gets it, under runtime nvidia; a second one waits", async () => {
  const { sandbox } = satellite;
  await waitFor({ what: "the GPU to be allocatable", deadlineMs: 30_000 }, async () => (await allocatable()) === "1");
  await sandbox.kubectl(["apply", "--filename=-"], renderGpuPod("trainer"));
  await sandbox.kubectl(["wait", "pod/trainer", "--for=condition=Ready", "--timeout=30s"]);
  const log = await sandbox.kubectl(["logs", "trainer"]);
  assert.match(log, new RegExp(`got ${UUID}`));
  assert.match(log, /^c.* \/dev\/nvidia0/m);
  assert.match(await readRuntimeRecord(satellite), /--bundle \S+ .*create|create .*--bundle/);
  await sandbox.kubectl(["apply", "--filename=-"], renderGpuPod("second"));
  const why = await waitFor({ what: "the second pod to be refused", deadlineMs: 15_000 }, async () => {
    const path = "--output=jsonpath={.status.conditions[?(@.type=='PodScheduled')].message}";
    return (await sandbox.kubectl(["get", "pod", "second", path])) || undefined;
  });
  assert.match(why, /Insufficient nvidia\.com\/gpu/);
});

/** How often the plugin has registered since the boot. */
async function countRegistrations(): Promise<number> {
  const log = await satellite.box("journalctl", "--unit=device-plugin", "--boot", "--output=cat", "--no-pager");
  return log.split("\n").filter((line) => line.endsWith("registered")).length;
}

for (const [what, restart] of [
  ["kubelet", async () => satellite.box("kill", "-KILL", String(await satellite.kubeletPid()))],
  ["the daemon", () => satellite.systemctl("restart")],
] as const) {
  test(`after a restart of ${what} the pod runs on with its GPU, and nobody else gets it`, async () => {
    const [process, pid] = [await processOf("trainer"), await satellite.kubeletPid()];
    const registrations = await countRegistrations();
    assert.match(process, /^\d+ \d+$/);
    await restart();
    await waitFor({ what: "another kubelet", deadlineMs: 30_000 }, async () => {
      const now = await satellite.kubeletPid().catch(() => pid);
      return now !== pid;
    });
    const again = { what: "the plugin to register with it", deadlineMs: 30_000 };
    await waitFor(again, async () => (await countRegistrations()) > registrations);
    await satellite.untilHealthy(60_000);
    await waitFor({ what: "the GPU to be allocatable", deadlineMs: 30_000 }, async () => (await allocatable()) === "1");
    assert.equal(await processOf("trainer"), process);
    const phases = await satellite.sandbox.kubectl([
      "get",
      "pods",
      "trainer",
      "second",
      "--output=jsonpath={.items[*].status.phase}",
    ]);
    assert.equal(phases, "Running Pending");
  });
}

/** Milliseconds until something is so, looked at every few. */
async function timeUntil(what: string, look: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  await waitFor({ what, deadlineMs: 10_000, intervalMs: 20 }, look);
  return Math.round(performance.now() - startedAt);
}

test("an Xid 79 is on the Node, in status, metrics and journal within a second", async () => {
  const isOnNode = ({ status }: NodeObject) =>
    (status?.conditions ?? []).some(
      ({ type, status: is, reason }) => type === "GpuHealthy" && is === "False" && reason === "GpuXid79",
    );
  const told = logKernelLine(satellite, XID_79);
  const startedAt = performance.now();
  const onNode = satellite.sandbox.waitForNode(isOnNode, 10_000).then(() => Math.round(performance.now() - startedAt));
  const seen = await Promise.all([
    onNode,
    timeUntil("/status", async () => (await satellite.condition("GpuHealthy")).reason === "GpuXid79"),
    timeUntil("/metrics", async () => /^eks_satellite_gpu_xid_total\{.*79.*\} 1$/m.test(await get("/metrics"))),
    timeUntil("the journal", async () => /Xid 79/.test(await journal("--priority=warning"))),
  ]);
  await told;
  const places = ["the Node", "/status", "/metrics", "the journal"].map(
    (place, index) => [place, seen[index]] as const,
  );
  const rows = places.map(([place, milliseconds]) => `| ${place} | ${milliseconds} |\n`);
  process.stdout.write(`| Xid 79 in | ms |\n| --- | --- |\n${rows.join("")}`);
  for (const [place, milliseconds = Number.NaN] of places)
    assert.ok(milliseconds <= WITHIN_MS, `${place}: ${milliseconds} ms`);
  const { hint } = await satellite.condition("GpuHealthy");
  assert.match(hint ?? "", /reboot/i);
  assert.match(await satellite.box("/bin/sh", "-c", "eks-satellite status || true"), /GPU .*Xid 79/);
});

test("a node may cordon itself and not taint itself, so gpu.onFatal: cordon it is", async () => {
  const { sandbox } = satellite;
  const asNode = [`--as=system:node:${sandbox.nodeName}`, "--as-group=system:nodes"];
  const taint = ["taint", "node", sandbox.nodeName, "nvidia.com/gpu=broken:NoSchedule", ...asNode];
  await assert.rejects(sandbox.kubectl(taint), /is not allowed to modify taints/);
  const unschedulable = () =>
    sandbox.kubectl(["get", "node", sandbox.nodeName, "--output=jsonpath={.spec.unschedulable}"]);
  assert.equal(await unschedulable(), "");
  await satellite.configure({ ...OFTEN, gpu: { onFatal: "cordon" } });
  await waitFor({ what: "the cordon", deadlineMs: 30_000 }, async () => (await unschedulable()) === "true");
  const path = "--output=jsonpath={.metadata.annotations.eks-satellite\\.io/cordoned-for}";
  assert.equal(await sandbox.kubectl(["get", "node", sandbox.nodeName, path]), "0000:06:00.0");
  assert.match(await processOf("trainer"), /^\d+ \d+$/, "pods that run stay");
  assert.match(
    (await satellite.untilReason("NodeSchedulable", "CordonedForGpu", 10_000)).hint ?? "",
    /daemon uncordons it/,
  );
  assert.match(await get("/metrics"), /^eks_satellite_gpu_cordoned 1$/m);
  const { stdout: check } = await sandbox.box(["eks-satellite", "check", "--only", "node"], { mayFail: true });
  assert.match(check, /is cordoned because of faults of its GPUs \(0000:06:00\.0\)/);
  const events = ["get", "events", "--field-selector=reason=CordonedForGpu", "--output=name"];
  await waitFor({ what: "the event", deadlineMs: 40_000 }, async () => (await sandbox.kubectl(events)) !== "");
});

test("after a reboot the fault is over, and the GPU is there", async () => {
  await satellite.sandbox.reboot();
  await satellite.untilReason("GpuHealthy", "Healthy", 60_000);
  await satellite.sandbox.waitForNode(({ status }) =>
    (status?.conditions ?? []).some(({ type, status: is }) => type === "GpuHealthy" && is === "True"),
  );
  await waitFor({ what: "the GPU to be allocatable", deadlineMs: 60_000 }, async () => (await allocatable()) === "1");
  const { sandbox } = satellite;
  const unschedulable = ["get", "node", sandbox.nodeName, "--output=jsonpath={.spec.unschedulable}"];
  await waitFor({ what: "no cordon", deadlineMs: 60_000 }, async () => (await sandbox.kubectl(unschedulable)) === "");
  await satellite.untilHealthy(120_000);
});
