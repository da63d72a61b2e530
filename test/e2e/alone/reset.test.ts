// A machine that was a node, and is what it was before: a picture of all its files, settings and units, before and after.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { down } from "../../sandbox/down.ts";
import { webImage } from "../../sandbox/images.ts";
import { configPath } from "../../sandbox/install-agent.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { cacheFolder } from "../../sandbox/state.ts";
import { up } from "../../sandbox/up.ts";
import { assertSamePicture, takePicture } from "../picture.ts";
import { Satellite } from "../satellite.ts";

const FOLDER = join(cacheFolder(), "reset-sandbox");
const HOST_ROOT = "/var/lib/kubelet/pods/planted/volumes/host";

/** The installation, which is the installer's to remove. */
const INSTALLED = [
  ...["/opt/eks-satellite", "/etc/eks-satellite", "/usr/local/bin/eks-satellite"],
  "/etc/systemd/system/eks-satellite.service",
];

/** A whole reset takes some 5 s; each of these begins where the one before was killed. */
const BROKEN_OFF_AFTER_SECONDS = [0.3, 0.6, 0.9, 1.2];
/** 128 + SIGKILL. */
const KILLED = 137;

let sandbox: Sandbox;
before(async () => {
  await down(FOLDER);
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
});
after(() => down(FOLDER));

const sh = async (script: string) => (await sandbox.box(["/bin/sh", "-ec", script])).stdout;

test("after a reset that was killed and run again the machine is what it was, other people's containers run on, and a pod that had bound / has cost nothing", async () => {
  // In the manner of Docker: a namespace of containerd's that is not Kubernetes'.
  await sh(`ctr --namespace=k8s.io images export /tmp/web.tar ${webImage}
    ctr --namespace=moby images import /tmp/web.tar >/dev/null && rm /tmp/web.tar
    ctr --namespace=moby run --detach ${webImage} stranger`);
  const foreign = await sh("ctr --namespace=moby tasks list | grep stranger");
  await sh("mkdir -p /srv/data && echo precious > /srv/data/file");
  const picture = await takePicture(sandbox, INSTALLED);

  await up({ folder: FOLDER });
  const satellite = new Satellite(sandbox, await sh(`cat ${configPath}`));
  await satellite.configure({ containerd: { registries: { "registry.example.com": {} } } });
  await satellite.untilReason("ImagePullsConfigured", "Configured", 90_000);
  await satellite.untilHealthy();
  const asNode = await takePicture(sandbox, INSTALLED);
  assert.notDeepEqual(asNode.files, picture.files, "the picture sees a node");
  assert.notEqual(asNode.firewall, picture.firewall);
  // The worst that a pod does: the machine's root, with everything mounted on it, below kubelet's folder.
  await sh(`mkdir -p ${HOST_ROOT} && mount --rbind / ${HOST_ROOT}`);
  assert.match(await sh(`cat ${HOST_ROOT}/srv/data/file`), /precious/);

  const dryRun = await sh("eks-satellite reset --dry-run");
  assert.match(dryRun, /evict default\/web-/);
  assert.match(dryRun, new RegExp(`unmount ${HOST_ROOT}/proc`));
  await sandbox.waitForNode();

  const reset = ["eks-satellite", "reset", "--yes", "--drain-seconds", "20"];
  const may = { mayFail: true, timeoutMs: 180_000 } as const;
  const said: string[] = [];
  const exits: number[] = [];
  for (const seconds of BROKEN_OFF_AFTER_SECONDS) {
    const command = `timeout --signal=KILL ${seconds} ${reset.join(" ")}; exit $?`;
    const broken = await sandbox.box(["/bin/sh", "-c", command], may);
    said.push(broken.stdout);
    exits.push(broken.exitCode);
  }
  // A quick machine may come to the end within the last of them.
  assert.equal(exits[0], KILLED, said[0]);
  for (const exit of exits) assert.ok(exit === KILLED || exit === 0, `${exits.join(", ")}\n${said.join("\n")}`);
  const { stdout, exitCode } = await sandbox.box(reset, may);
  assert.equal(exitCode, 0, stdout);
  assert.match([...said, stdout].join("\n"), /kubectl delete node satellite-1/);
  assertSamePicture(await takePicture(sandbox, INSTALLED), picture);
  assert.equal(await sh("ctr --namespace=moby tasks list | grep stranger"), foreign, "the same process");
  assert.match(await sh("cat /srv/data/file"), /precious/);
  assert.equal((await sh("ls /proc/1/ns | wc -l")).trim() !== "0", true, "/proc is mounted still");
  const pods = await sandbox.kubectl(["get", "pods", "--output=jsonpath={.items[*].spec.nodeName}"]);
  assert.equal(pods.trim(), "", "its pod was evicted and waits for another node");
});

test("run again it finds nothing to do, and the machine can become a node once more", async () => {
  const { stdout, exitCode } = await sandbox.box(["eks-satellite", "reset", "--yes"], { mayFail: true });
  assert.equal(exitCode, 0, stdout);
  await sandbox.kubectl(["delete", "node", sandbox.nodeName, "--ignore-not-found"]);
  const { checks } = await up({ folder: FOLDER });
  assert.deepEqual(
    checks.filter(({ ok }) => !ok),
    [],
  );
});
