// What breaks on a machine that lives for months. After each fault the node is whole again by itself, and its pod has answered throughout.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { waitFor } from "../../sandbox/wait.ts";
import { bringUp, MANAGED_FILES, type Satellite, watchPage } from "../satellite.ts";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.untilHealthy();
});

/** Runs a fault with the page watched, waits for health, and fails when the page was away for a moment. */
function fault(name: string, break_: () => Promise<void>): void {
  test(name, async () => {
    const { answers, failures } = await watchPage(satellite, async () => {
      await break_();
      await satellite.untilHealthy(240_000);
    });
    assert.deepEqual(failures, []);
    assert.ok(answers > 0, "the page was fetched at least once");
  });
}

fault("a killed kubelet is back within a second", async () => {
  const pid = await satellite.kubeletPid();
  const { restarts } = (await satellite.status()).kubelet;
  await satellite.box("kill", "-KILL", String(pid));
  const killedAt = performance.now();
  await waitFor({ what: "another kubelet", deadlineMs: 10_000, intervalMs: 20 }, async () => {
    const { kubelet } = await satellite.status();
    return kubelet.pid !== undefined && kubelet.pid !== pid;
  });
  assert.ok(
    performance.now() - killedAt < 1500,
    `it took ${Math.round(performance.now() - killedAt)} ms, observation included`,
  );
  assert.equal((await satellite.status()).kubelet.restarts, restarts + 1);
});

fault("a killed daemon is started again and leaves no second kubelet behind", async () => {
  const pid = await satellite.kubeletPid();
  await satellite.box("kill", "-KILL", String(await satellite.mainPid("eks-satellite.service")));
  await waitFor(
    { what: "another kubelet", deadlineMs: 60_000 },
    async () => (await satellite.status()).kubelet.pid !== pid,
  );
  await satellite.untilHealthy();
  assert.equal(await satellite.box("pgrep", "--exact", "--count", "kubelet"), "1");
});

fault("a deleted Node is back within 30 s with its labels and providerID", async () => {
  const { sandbox } = satellite;
  const { uid } = (await sandbox.node()).metadata;
  await sandbox.kubectl(["delete", "node", sandbox.nodeName, "--wait=false"]);
  const node = await sandbox.waitForNode((seen) => seen.metadata.uid !== uid, 30_000);
  assert.equal(node.metadata.labels?.["eks.amazonaws.com/compute-type"], "hybrid");
  assert.equal(node.spec?.providerID, `eks-hybrid:///us-east-1/sandbox/${sandbox.nodeName}`);
});

fault(
  "hand-edited files are put back within 60 s, and neither kubelet nor containerd is restarted for it",
  async () => {
    const originals = await Promise.all(MANAGED_FILES.map((path) => satellite.read(path)));
    const before = { kubelet: await satellite.kubeletPid(), containerd: await satellite.mainPid("containerd.service") };
    for (const path of MANAGED_FILES) await satellite.box("/bin/sh", "-c", `echo '# edited' >> ${path}`);
    await satellite.box("chmod", "0666", "/var/lib/kubelet/kubeconfig");
    await satellite.box("sysctl", "--write", "vm.overcommit_memory=0");
    await waitFor({ what: "every file to be as before", deadlineMs: 60_000, intervalMs: 500 }, async () => {
      const present = await Promise.all(MANAGED_FILES.map((path) => satellite.read(path)));
      return present.every((content, index) => content === originals[index]);
    });
    assert.equal(await satellite.box("stat", "--format=%a", "/var/lib/kubelet/kubeconfig"), "600");
    assert.equal(await satellite.box("sysctl", "--values", "vm.overcommit_memory"), "1");
    assert.deepEqual(
      { kubelet: await satellite.kubeletPid(), containerd: await satellite.mainPid("containerd.service") },
      before,
    );
  },
);

fault("containerd's configuration: the daemon's keys are put back, the user's are kept", async () => {
  const path = "/etc/containerd/config.toml";
  const before = await satellite.read(path);
  const flipped = before.replaceAll(
    /SystemdCgroup = (true|false)/g,
    (_, value) => `SystemdCgroup = ${value !== "true"}`,
  );
  // The user's key, once, whatever an earlier run has left.
  const edited = `oom_score = -998\n${flipped.replaceAll(/^oom_score = .*\n/gm, "")}`;
  assert.notEqual(edited, before);
  await satellite.write(path, `${edited}\n`);
  const present = await waitFor(
    { what: "the cgroup driver to be as before", deadlineMs: 60_000, intervalMs: 500 },
    async () => {
      const text = await satellite.read(path);
      const wanted = /SystemdCgroup = (true|false)/.exec(before)?.[0] ?? "absent";
      return text.includes(wanted) ? text : undefined;
    },
  );
  assert.match(present, /oom_score = -998/);
});

fault(
  "a containerd that somebody restarts is left at that: kubelet stays, and the next round does not restart it again",
  async () => {
    const kubelet = await satellite.kubeletPid();
    await satellite.box("systemctl", "restart", "containerd");
    const containerd = await satellite.mainPid("containerd.service");
    const { rounds } = (await satellite.status()).converge;
    const wait = { what: "two more rounds", deadlineMs: 120_000, intervalMs: 500 };
    await waitFor(wait, async () => (await satellite.status()).converge.rounds >= rounds + 2);
    assert.equal(await satellite.mainPid("containerd.service"), containerd);
    assert.equal(await satellite.kubeletPid(), kubelet);
  },
);

fault("a cut link to the cluster leaves kubelet running, and the node is Ready again after it", async () => {
  const pid = await satellite.kubeletPid();
  await satellite.sandbox.link("down");
  // The controller manager's node-monitor-grace-period is 50 s.
  await satellite.sandbox.waitForNode(
    (node) => node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "Unknown") ?? false,
    120_000,
  );
  assert.equal(await satellite.kubeletPid(), pid);
  await satellite.sandbox.link("up");
  await satellite.untilHealthy(120_000);
  assert.equal(await satellite.kubeletPid(), pid);
});

/** Each takes the whole machine away and gives it back. */
const RESTARTS: readonly (readonly [name: string, restart: () => Promise<void>])[] = [
  ["a reboot", () => satellite.sandbox.reboot()],
  ["a power cut", () => satellite.sandbox.powerCut().then(() => satellite.sandbox.boot())],
];
for (const [name, restart] of RESTARTS) {
  test(`after ${name} the node is Ready again and its page answers, with nobody's help`, async () => {
    await restart();
    await satellite.untilHealthy(120_000);
    const page = `http://${satellite.sandbox.addresses.node}:8080/`;
    const answers = async () => (await fetch(page, { signal: AbortSignal.timeout(5000) })).ok;
    await waitFor({ what: "the page", deadlineMs: 60_000 }, answers);
  });
}
