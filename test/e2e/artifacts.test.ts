// A machine without kubelet gets it from a mirror; a spoiled mirror changes nothing; kubelet follows the cluster, or is rolled back.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { mergeTables, type Table } from "../../agent/plan/merge.ts";
import { ArtifactMirror, type MirrorFault } from "../sandbox/artifact-mirror.ts";
import { down } from "../sandbox/down.ts";
import { eksVersion } from "../sandbox/go-builds.ts";
import { buildAgent, configPath, installAgent, renderConfig } from "../sandbox/install-agent.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { renderWebDeployment } from "../sandbox/workload.ts";
import { Satellite } from "./satellite.ts";

const FOLDER = join(cacheFolder(), "artifacts-sandbox");
const [OLD, NEW, BROKEN] = ["1.33.13", "1.34.4", "1.34.5"] as const;
const LINKS = [
  "/usr/bin/kubelet",
  "/etc/eks/image-credential-provider/ecr-credential-provider",
  "/opt/cni/bin/loopback",
] as const;
/** Says its version and dies: what a kubelet does that was built for another machine. */
const BROKEN_KUBELET = `#!/bin/sh\n[ "$1" = --version ] && echo "Kubernetes v${BROKEN}" && exit 0\nexit 1\n`;

let sandbox: Sandbox;
let satellite: Satellite;
let mirror: ArtifactMirror;

before(async () => {
  await down(FOLDER);
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
  satellite = new Satellite(sandbox, renderConfig(sandbox.facts, sandbox.addresses));
  mirror = await ArtifactMirror.create(sandbox);
  await mirror.add(sandbox, OLD);
  await mirror.add(sandbox, NEW);
  await satellite.box("rm", "-rf", "/opt/cni", "/etc/eks", "/usr/bin/kubelet");
  // EKS says 1.33 until the test upgrades it.
  await setClusterVersion("1.33");
  await installAgent(sandbox, await buildAgent(), { isStarted: false });
});
after(async () => {
  await mirror?.close();
  await down(FOLDER);
});

const setClusterVersion = (version: string) =>
  sandbox.changeAwsFaults((faults) => ({ ...faults, cluster: { version } }));

/** Lays keys over the sandbox's configuration; the daemon takes them up by itself when it runs. */
async function configure(changes: Table): Promise<void> {
  const shared = {
    artifacts: { manifestUrl: mirror.manifestUrl },
    intervals: { runtimeSeconds: 2, clusterSeconds: 5, convergeSeconds: 5 },
  };
  const config = mergeTables(parse(renderConfig(sandbox.facts, sandbox.addresses)), mergeTables(shared, changes));
  await satellite.write(configPath, stringify(config));
}

const exists = async (path: string) => (await sandbox.box(["test", "-e", path], { mayFail: true })).exitCode === 0;
const linked = (path: string) => satellite.box("readlink", path);

const isKubelet = (url: string | undefined) => url?.endsWith("/kubelet") === true;
const WRONG_CHECKSUM: MirrorFault = ({ url }, response) => {
  if (url?.endsWith("/kubelet.sha256") !== true) return false;
  response.end(`${"0".repeat(64)}  kubelet\n`);
  return true;
};
const FAULTS: readonly (readonly [what: string, fault: MirrorFault, reason: string])[] = [
  ["a wrong checksum", WRONG_CHECKSUM, "ChecksumWrong"],
  [
    "a page in place of the file",
    ({ url }, response) => {
      if (!isKubelet(url)) return false;
      response.end("<html>welcome to the hotel</html>");
      return true;
    },
    "ChecksumWrong",
  ],
  [
    "a page in place of the manifest",
    ({ url }, response) => {
      if (url !== "/manifest.yaml") return false;
      response.end("<html>welcome to the hotel</html>");
      return true;
    },
    "ManifestInvalid",
  ],
  [
    "a file that is not there",
    ({ url }, response) => {
      if (!isKubelet(url)) return false;
      response.writeHead(404).end();
      return true;
    },
    "ArtifactUnreachable",
  ],
  [
    "a truncated file",
    ({ url }, response, content) => {
      if (!isKubelet(url)) return false;
      response.end(content?.subarray(0, 5_000_000));
      return true;
    },
    "ChecksumWrong",
  ],
  [
    "a connection that breaks off",
    ({ url, headers }, response, content) => {
      if (!isKubelet(url) || headers.range !== undefined) return false;
      response.writeHead(200, { "content-length": String(content?.length) });
      response.write(content?.subarray(0, 5_000_000), () => response.destroy());
      return true;
    },
    "ArtifactUnreachable",
  ],
];

for (const [what, fault, reason] of FAULTS) {
  test(`${what} leaves nothing where kubelet is expected, and is told`, async () => {
    mirror.fault = fault;
    await configure({});
    await satellite.systemctl("restart");
    const { hint } = await satellite.untilReason("ArtifactsInstalled", reason, 30_000);
    assert.ok(hint);
    assert.equal(await exists("/usr/bin/kubelet"), false);
  });
}

test("a full disk leaves nothing either", async () => {
  mirror.fault = undefined;
  await satellite.systemctl("stop");
  await satellite.box("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", "/opt/eks-satellite-artifacts");
  await satellite.systemctl("start");
  await satellite.untilReason("ArtifactsInstalled", "DiskFull", 30_000);
  assert.equal(await exists("/usr/bin/kubelet"), false);
  await satellite.systemctl("stop");
  await satellite.box("umount", "/opt/eks-satellite-artifacts");
});

test("a bare machine gets what it lacks and is Ready; a download that had broken off is gone on with", async () => {
  mirror.requests.length = 0;
  await satellite.systemctl("start");
  await sandbox.waitForNode(undefined, 60_000);
  assert.ok(mirror.requests.some((request) => / bytes=\d{6,}-$/.test(request) && isKubelet(request.split(" ")[0])));
  for (const path of LINKS) assert.match(await linked(path), /^\/opt\/eks-satellite-artifacts\/[\w-]+\/1\.33\.13\//);
  assert.equal((await sandbox.node()).status?.nodeInfo?.kubeletVersion, eksVersion(OLD));
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
  await satellite.untilReason("ArtifactsInstalled", "Installed");
});

/** Pid and start time of the pod's first process. */
async function podProcess(): Promise<string> {
  const path = "--output=jsonpath={.items[0].status.containerStatuses[0].containerID}";
  const id = (await sandbox.kubectl(["get", "pods", "--selector=app=web", path])).split("//")[1];
  const tasks = `ctr --namespace=k8s.io tasks list | awk '$1 == "${id}" { print $2 }'`;
  return satellite.box("/bin/sh", "-c", `pid=$(${tasks}) && echo "$pid $(cut -d' ' -f22 /proc/$pid/stat)"`);
}

test("when the cluster is upgraded kubelet stays, and how far it is behind is said", async () => {
  const asked = mirror.requests.length;
  await setClusterVersion("1.34");
  const { status, message } = await satellite.untilReason("KubeletSupported", "Older", 30_000);
  assert.equal(status, "True");
  assert.match(message, /kubelet 1\.33\.13 is 1 minor version behind the cluster's 1\.34/);
  assert.equal(mirror.requests.length, asked, "nobody is asked for what nobody wants");
});

test("a spoiled mirror leaves the kubelet that runs alone", async () => {
  mirror.fault = WRONG_CHECKSUM;
  await configure({ kubelet: { upgrade: "auto", maxPods: 100 } });
  await satellite.untilReason("ArtifactsInstalled", "ChecksumWrong", 30_000);
  const pid = await satellite.kubeletPid();
  assert.match(await linked("/usr/bin/kubelet"), /\/1\.33\.13\/kubelet$/);
  const { verdict } = await satellite.status();
  assert.equal(verdict.ready, true, verdict.summary);
  assert.equal(await satellite.kubeletPid(), pid);
  mirror.fault = undefined;
});

test("kubelet.upgrade: auto moves to the cluster's version, and pods run on", async () => {
  const pod = await podProcess();
  assert.match(pod, /^\d+ \d+$/);
  await configure({ kubelet: { upgrade: "auto" } });
  await sandbox.waitForNode(({ status }) => status?.nodeInfo?.kubeletVersion === eksVersion(NEW), 60_000);
  const journal = () => satellite.box("journalctl", "--unit=eks-satellite", "--output=cat", "--no-pager");
  await waitFor({ what: "the end of the trial", deadlineMs: 60_000 }, async () => {
    const { events } = JSON.parse(await satellite.box("curl", "--silent", "http://127.0.0.1:9911/status"));
    return events.some(({ reason }: { reason: string }) => reason === "KubeletUpgraded");
  });
  assert.equal(await podProcess(), pod);
  assert.match(await journal(), /downloading kubelet 1\.34\.4/);
  assert.equal(await satellite.box("ls", "/opt/eks-satellite-artifacts/kubelet"), `${OLD}\n${NEW}`);
  assert.equal((await satellite.condition("KubeletSupported")).reason, "Current");
  // What was downloaded beside it is of its release.
  await waitFor({ what: "the provider to follow", deadlineMs: 30_000 }, async () =>
    (await linked(LINKS[1])).includes(`/${NEW}/`),
  );
});

test("a kubelet that does not run is rolled back, with the story in the journal; pods run on", async () => {
  const pod = await podProcess();
  await mirror.addBroken(BROKEN, BROKEN_KUBELET);
  // Patches are looked for once a day, and when the daemon starts.
  await satellite.systemctl("restart");
  const { message } = await satellite.untilReason("ArtifactsInstalled", "KubeletRolledBack", 90_000);
  assert.match(message, /kubelet 1\.34\.5 was tried/);
  assert.match(await linked("/usr/bin/kubelet"), /\/1\.34\.4\/kubelet$/);
  await sandbox.waitForNode(({ status }) => status?.nodeInfo?.kubeletVersion === eksVersion(NEW), 60_000);
  await satellite.untilReason("KubeletRunning", "Running", 60_000);
  assert.equal(await podProcess(), pod);
  const journal = await satellite.box("journalctl", "--unit=eks-satellite", "--output=cat", "--no-pager");
  assert.match(journal, /kubelet 1\.34\.5 did not make the node Ready and was rolled back; 1\.34\.4 runs again/);
  await satellite.systemctl("restart");
  await satellite.untilReason("ArtifactsInstalled", "KubeletRolledBack", 30_000);
  assert.match(await linked("/usr/bin/kubelet"), /\/1\.34\.4\/kubelet$/, "it is not tried again");
});

test("reset takes all of it away", async () => {
  const { stdout, exitCode } = await sandbox.box(["eks-satellite", "reset", "--yes", "--drain-seconds", "10"], {
    ...{ mayFail: true, timeoutMs: 180_000 },
  });
  assert.equal(exitCode, 0, stdout);
  for (const path of [...LINKS, "/opt/eks-satellite-artifacts", "/opt/cni", "/etc/eks"])
    assert.equal(await exists(path), false, path);
});
