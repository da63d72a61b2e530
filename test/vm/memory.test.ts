// Memory that runs out, in a pod and on the machine: what the kernel ends, and what goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { watchPage } from "../e2e/satellite.ts";
import { down } from "../sandbox/down.ts";
import { webImage } from "../sandbox/images.ts";
import { waitFor } from "../sandbox/wait.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, makeCritical, untilPage, type VirtualSatellite } from "./virtual.ts";

const LIMITS = { memory: "64Mi", cpu: "100m" };
/** What the kernel shows of them: bytes, and microseconds in a period. */
const MEMORY_MAX = String(64 * 2 ** 20);
const CPU_MAX = "10000 100000";

/** Takes memory without end: tail(1) keeps a line until it is whole. */
const GREEDY = ["/bin/sh", "-c", "exec tail /dev/zero"];

let satellite: VirtualSatellite;
before(async () => {
  satellite = await bringUpVirtual();
  await makeCritical(satellite);
});
after(() => down(FOLDER));

const sh = (script: string) => satellite.box("/bin/sh", "-ec", script);

/** Processes that no shortage of memory may end. */
async function processes(): Promise<readonly number[]> {
  const daemon = await satellite.mainPid("eks-satellite");
  return [daemon, await satellite.kubeletPid(), await satellite.mainPid("containerd")];
}

async function runPod(name: string, command: readonly string[]): Promise<string> {
  const container = { name, image: webImage, imagePullPolicy: "Never", command, resources: { limits: LIMITS } };
  const spec = { hostNetwork: true, restartPolicy: "Never", containers: [container] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec };
  await satellite.sandbox.kubectl(["create", "--filename=-"], JSON.stringify(pod));
  return satellite.sandbox.kubectl(["get", "pod", name, "--output=jsonpath={.metadata.uid}"]);
}

async function untilPod(name: string, path: string, wanted: string): Promise<void> {
  let last: string | undefined;
  const explain = () => `it says ${last}`;
  await waitFor({ what: `pod ${name} to be ${wanted}`, deadlineMs: HEALTHY_MS, intervalMs: 500, explain }, async () => {
    last = await satellite.sandbox.kubectl(["get", "pod", name, `--output=jsonpath={${path}}`]);
    return last === wanted;
  });
}

test("a pod's limits are in its cgroup's own files, where systemd's driver puts them, and no key lets kubelet bear cgroup v1", async () => {
  const uid = await runPod("limited", ["/bin/sh", "-c", "sleep 100000 & wait"]);
  await untilPod("limited", ".status.phase", "Running");
  const slice = `/sys/fs/cgroup/kubepods.slice/kubepods-pod${uid.replaceAll("-", "_")}.slice`;
  assert.equal(await satellite.read(`${slice}/memory.max`), MEMORY_MAX);
  assert.equal(await satellite.read(`${slice}/cpu.max`), CPU_MAX);
  const config = await satellite.read("/etc/kubernetes/kubelet/kubelet-config.yaml");
  assert.match(config, /cgroupDriver: systemd/);
  assert.doesNotMatch(config, /failCgroupV1/);
  await satellite.sandbox.kubectl(["delete", "pod", "limited", "--grace-period=0", "--force"]);
});

test("a pod that takes more than its limit is ended alone", async () => {
  const running = await processes();
  const { failures } = await watchPage(satellite, async () => {
    await runPod("greedy", GREEDY);
    await untilPod("greedy", ".status.containerStatuses[0].state.terminated.reason", "OOMKilled");
  });
  assert.deepEqual(failures, []);
  assert.deepEqual(await processes(), running);
  await satellite.untilHealthy(HEALTHY_MS);
});

test("a machine that runs short of memory loses what takes it, and neither daemon nor kubelet nor pods", async (context) => {
  const running = await processes();
  const { failures } = await watchPage(satellite, async () => {
    // systemd-run ends as its service does.
    const run = ["systemd-run", "--quiet", "--wait", "--unit=greedy", "tail", "/dev/zero"];
    await satellite.sandbox.box(run, { mayFail: true, timeoutMs: HEALTHY_MS });
    assert.equal(await sh("systemctl show greedy --property=Result --value"), "oom-kill");
  });
  // Without swap the kernel gives up the pages of programs before it ends one: all that runs is read from the disk again and again.
  context.diagnostic(`${failures.length} requests for the page got no answer in 5 s`);
  await untilPage(satellite);
  assert.deepEqual(await processes(), running);
  await sh("systemctl reset-failed greedy");
  await satellite.untilHealthy(HEALTHY_MS);
});

test("a daemon that the kernel ends for want of memory comes back, its kubelet with it, and the pods never noticed", async () => {
  const [daemon, kubelet, containerd] = await processes();
  const { failures } = await watchPage(satellite, async () => {
    // The kernel's own choice, made to fall on the daemon.
    await sh(`echo 1000 > /proc/${daemon}/oom_score_adj; echo f > /proc/sysrq-trigger`);
    const wait = { what: "another daemon", deadlineMs: HEALTHY_MS, intervalMs: 500 };
    await waitFor(wait, async () => {
      const pid = await satellite.mainPid("eks-satellite");
      return pid !== 0 && pid !== daemon;
    });
    await satellite.untilHealthy(HEALTHY_MS);
  });
  assert.deepEqual(failures, []);
  assert.match(await sh("journalctl --dmesg --output=cat --no-pager"), new RegExp(`Killed process ${daemon} `));
  const after = await processes();
  assert.notEqual(after[1], kubelet);
  assert.equal(after[2], containerd);
  // What was made to fall on one process falls on no other.
  assert.equal(await satellite.read(`/proc/${after[0]}/oom_score_adj`), "-999");
  await untilPage(satellite);
});
