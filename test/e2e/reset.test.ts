// A machine that was a node, and is what it was before: a picture of all its files, settings and units, before and after.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { planSysctls } from "../../agent/plan/sysctls.ts";
import { down } from "../sandbox/down.ts";
import { webImage } from "../sandbox/images.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";

const FOLDER = join(cacheFolder(), "reset-sandbox");
const HOST_ROOT = "/var/lib/kubelet/pods/planted/volumes/host";

/** What is left, and why: nothing else may differ. The pictures do not look into them, where files come and go under one's eyes. */
const LEFT: readonly (readonly [path: string, why: string])[] = [
  ["/opt/eks-satellite", "the installation, which is the installer's to remove"],
  ["/etc/eks-satellite", "the same"],
  ["/usr/local/bin/eks-satellite", "the same"],
  ["/etc/systemd/system/eks-satellite.service", "the same"],
  ["/var/lib/containerd/*", "containerd's own database, and images"],
  ["/var/log/journal", "the system's own life"],
  ["/var/tmp", "the same"],
  ["/var/cache/ldconfig", "the same"],
  ["/tmp", "the same"],
  ["/var/lib/systemd/*", "the same"],
];

let sandbox: Sandbox;
before(async () => {
  await down(FOLDER);
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
});
after(() => down(FOLDER));

const sh = async (script: string) => (await sandbox.box(["/bin/sh", "-ec", script])).stdout;

interface Picture {
  /** Type, mode, owner and target of every file of the root file system. */
  readonly files: readonly string[];
  readonly hashes: readonly string[];
  readonly settings: string;
  readonly units: string;
  readonly packages: string;
  readonly firewall: string;
}

async function takePicture(): Promise<Picture> {
  const lines = (text: string) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  const unlessLeft = `\\( ${LEFT.map(([path]) => `-path '${path}'`).join(" -o ")} \\) -prune -o`;
  const keys = planSysctls("host").map(({ key }) => key);
  return {
    files: lines(await sh(`find / -xdev ${unlessLeft} -printf '%y %m %U:%G %p %l\\n'`)),
    hashes: lines(
      await sh(`find /etc /opt /usr/local /usr/libexec /var -xdev ${unlessLeft} -type f -exec sha256sum {} +`),
    ),
    settings: await sh(`for key in ${keys.join(" ")}; do sysctl "$key" 2>/dev/null || true; done`),
    units: (await sh("systemctl list-unit-files --no-legend --no-pager | sort")).replaceAll(/^eks-satellite.*\n/gm, ""),
    packages: await sh("dpkg-query --show"),
    // Rules and chains of somebody's: the tables themselves come with whoever looks at them.
    firewall: (await sh("iptables-save; ip6tables-save"))
      .split("\n")
      .filter((line) => /^-A|^:\S+ - /.test(line))
      .join("\n"),
  };
}

test("after reset the machine is what it was, other people's containers run on, and a pod that had bound / has cost nothing", async () => {
  // In the manner of Docker: a namespace of containerd's that is not Kubernetes'.
  await sh(`ctr --namespace=k8s.io images export /tmp/web.tar ${webImage}
    ctr --namespace=moby images import /tmp/web.tar >/dev/null && rm /tmp/web.tar
    ctr --namespace=moby run --detach ${webImage} stranger`);
  const stranger = await sh("ctr --namespace=moby tasks list | grep stranger");
  await sh("mkdir -p /srv/data && echo precious > /srv/data/file");
  const picture = await takePicture();

  await up({ folder: FOLDER });
  await sandbox.waitForNode();
  const asNode = await takePicture();
  assert.notDeepEqual(asNode.files, picture.files, "the picture sees a node");
  assert.notEqual(asNode.firewall, picture.firewall);
  // The worst that a pod does: the machine's root, with everything mounted on it, below kubelet's folder.
  await sh(`mkdir -p ${HOST_ROOT} && mount --rbind / ${HOST_ROOT}`);
  assert.match(await sh(`cat ${HOST_ROOT}/srv/data/file`), /precious/);

  const dryRun = await sh("eks-satellite reset --dry-run");
  assert.match(dryRun, /evict default\/web-/);
  assert.match(dryRun, new RegExp(`unmount ${HOST_ROOT}/proc`));
  await sandbox.waitForNode();

  const { stdout, exitCode } = await sandbox.box(["eks-satellite", "reset", "--yes", "--drain-seconds", "20"], {
    mayFail: true,
    timeoutMs: 180_000,
  });
  assert.equal(exitCode, 0, stdout);
  assert.match(stdout, /kubectl delete node satellite-1/);
  const afterwards = await takePicture();
  for (const part of ["files", "hashes"] as const) {
    const gone = picture[part].filter((line) => !afterwards[part].includes(line));
    const added = afterwards[part].filter((line) => !picture[part].includes(line));
    assert.deepEqual({ gone, added }, { gone: [], added: [] }, part);
  }
  for (const part of ["settings", "units", "packages", "firewall"] as const)
    assert.equal(afterwards[part], picture[part], part);
  assert.equal(await sh("ctr --namespace=moby tasks list | grep stranger"), stranger, "the same process");
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
