// The main job: a bare machine is a Ready node of a real cluster, and a round with nothing to do does nothing.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { waitFor } from "../../sandbox/wait.ts";
import { bringUp, type Satellite } from "../satellite.ts";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.untilHealthy();
});

test("the Node is this machine's: name, address, provider id, label, no taint", async () => {
  const { metadata, spec, status } = (await satellite.sandbox.node()) as unknown as {
    metadata: { name: string; labels: Record<string, string> };
    spec: { providerID: string; taints?: unknown };
    status: { addresses: { type: string; address: string }[] };
  };
  assert.equal(metadata.name, "satellite-1");
  assert.equal(metadata.labels["eks.amazonaws.com/compute-type"], "hybrid");
  assert.equal(spec.providerID, "eks-hybrid:///us-east-1/sandbox/satellite-1");
  assert.equal(spec.taints, undefined);
  const internal = status.addresses.find(({ type }) => type === "InternalIP");
  assert.equal(internal?.address, satellite.sandbox.addresses.node);
});

test("the pod's name servers and the cluster's DNS address are what kubelet was given", async () => {
  const config = await satellite.read("/etc/kubernetes/kubelet/kubelet-config.yaml");
  assert.match(config, /clusterDNS:\n {2}- 10\.100\.0\.10\n/);
});

test("a round with nothing to do changes nothing and takes no more than 50 ms", async () => {
  await satellite.configure({ intervals: { convergeSeconds: 5 } });
  await satellite.untilHealthy();
  const before = (await satellite.status()).converge;
  // A round waits for a processor as everybody does: the quickest of three says what it takes by itself.
  const took = new Map<number, number>();
  const after = await waitFor({ what: "three more rounds", deadlineMs: 60_000, intervalMs: 1000 }, async () => {
    const { converge } = await satellite.status();
    if (converge.rounds > before.rounds) took.set(converge.rounds, converge.lastRoundMs);
    return took.size >= 3 ? converge : undefined;
  });
  assert.equal(after.changes, before.changes);
  assert.ok(Math.min(...took.values()) <= 50, `the last rounds took ${[...took.values()].join(", ")} ms`);
  await satellite.restore();
});

test("secrets are in files of mode 0600, the token on tmpfs alone, and nowhere in the journal", async () => {
  for (const file of ["kubelet-token", "aws-credentials"]) {
    assert.equal(await satellite.box("stat", "--format=%a %U", `/run/eks-satellite/${file}`), "600 root");
    assert.equal(await satellite.box("stat", "--file-system", "--format=%T", `/run/eks-satellite/${file}`), "tmpfs");
  }
  assert.equal(await satellite.box("stat", "--format=%a %U", "/var/lib/eks-satellite/session"), "600 root");
  assert.doesNotMatch(await satellite.read("/var/lib/eks-satellite/session"), /AKIA|k8s-aws-v1/);
  const journal = await satellite.box("journalctl", "--unit=eks-satellite", "--output=cat", "--no-pager");
  const [, secret = "absent"] =
    /aws_secret_access_key = (\S+)/.exec(await satellite.read("/run/eks-satellite/aws-credentials")) ?? [];
  assert.notEqual(secret, "absent");
  assert.ok(!journal.includes(secret));
  assert.ok(!journal.includes("k8s-aws-v1."));
});

test("kubelet shares the machine's mount namespace and does not get systemd's notification socket", async () => {
  const pid = await satellite.kubeletPid();
  assert.equal(
    await satellite.box("readlink", `/proc/${pid}/ns/mnt`),
    await satellite.box("readlink", "/proc/1/ns/mnt"),
  );
  const environment = await satellite.box("/bin/sh", "-c", `tr '\\0' '\\n' < /proc/${pid}/environ`);
  assert.doesNotMatch(environment, /^(NOTIFY_SOCKET|WATCHDOG_)/m);
  assert.match(environment, /^PATH=/m);
});

test("plan has nothing to do, sees a hand edit with its diff, and says as nobody what it cannot read", async () => {
  const run = (...args: readonly string[]) =>
    satellite.sandbox.box(["eks-satellite", "plan", ...args], { mayFail: true });
  const clean = await run();
  assert.equal(clean.exitCode, 0, clean.stdout);
  assert.match(clean.stdout, /nothing to change/);

  await satellite.box("systemctl", "stop", "eks-satellite");
  await satellite.box("/bin/sh", "-c", "echo 'kernel.panic = 0' >> /etc/sysctl.d/90-eks-satellite.conf");
  const drifted = await run("--diff");
  assert.equal(drifted.exitCode, 2, drifted.stdout);
  assert.match(drifted.stdout, /update {3}file:\/etc\/sysctl\.d\/90-eks-satellite\.conf/);
  assert.match(drifted.stdout, /^ {4}-kernel\.panic = 0$/m);
  const json = JSON.parse((await run("--output", "json")).stdout);
  assert.equal(json.changes[0].resource, "file:/etc/sysctl.d/90-eks-satellite.conf");
  await satellite.box("systemctl", "start", "eks-satellite");
  await satellite.untilHealthy();

  const nobody = await satellite.sandbox.box(["setpriv", "--reuid=65534", "--clear-groups", "eks-satellite", "plan"], {
    mayFail: true,
  });
  assert.equal(nobody.exitCode, 1);
  assert.match(nobody.stdout + nobody.stderr, /run as root|Run as root/);
});
