// Mistakes that people make, on the real machine: each is named by a condition or an error that says what to do, and nothing is lost.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import type { AwsFaults } from "../sandbox/aws.ts";
import { sessionFiles } from "../sandbox/install-agent.ts";
import { waitFor } from "../sandbox/wait.ts";
import { bringUp, type Satellite } from "./satellite.ts";

const CONTAINERD_CONFIG = "/etc/containerd/config.toml";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.untilHealthy();
});
afterEach(() => satellite.restore());
after(() => satellite.untilHealthy());

/** Starts the daemon as on a machine that has never seen its cluster, with a fault on AWS's side. */
async function startUnknowing(faults: AwsFaults): Promise<void> {
  await satellite.systemctl("stop");
  await satellite.box("rm", "-rf", "/var/lib/eks-satellite/cluster.json", "/run/eks-satellite", ...sessionFiles);
  await satellite.sandbox.changeAwsFaults(() => faults);
  await satellite.systemctl("start");
}

const CLUSTER_FAULTS: readonly (readonly [
  name: string,
  faults: AwsFaults,
  type: string,
  reason: string,
  hint: RegExp,
])[] = [
  [
    "a cluster that EKS is still creating",
    { cluster: { status: "CREATING" } },
    "ClusterDescribed",
    "ClusterNotActive",
    /ACTIVE/,
  ],
  [
    "a cluster CA that is not PEM",
    { cluster: { "certificateAuthority.data": "bm90IHBlbQ==" } },
    "ClusterDescribed",
    "ClusterCaInvalid",
    /describe-cluster/,
  ],
  [
    "a cluster without a service CIDR",
    { cluster: { "kubernetesNetworkConfig.serviceIpv4Cidr": null } },
    "ClusterDescribed",
    "ClusterIncomplete",
    /describe-cluster/,
  ],
  [
    "DescribeCluster denied",
    { denied: ["eks:DescribeCluster"] },
    "ClusterDescribed",
    "ClusterForbidden",
    /eks:DescribeCluster/,
  ],
  ["AssumeRole denied", { denied: ["sts:AssumeRole"] }, "CredentialsRenewed", "RoleForbidden", /trust policy/],
];
for (const [name, faults, type, reason, hint] of CLUSTER_FAULTS) {
  test(`${name} is named with what to do, and the node joins when it is mended`, async () => {
    await startUnknowing(faults);
    const condition = await satellite.untilReason(type, reason);
    assert.equal(condition.status, "False");
    assert.match(condition.hint ?? "", hint);
    assert.ok((await satellite.status()).rootCauses.includes(type));
    await satellite.sandbox.clearAwsFaults();
    await satellite.untilHealthy(120_000);
  });
}

test("a cluster that does not exist is named with its region", async () => {
  await satellite.box("rm", "-f", "/var/lib/eks-satellite/cluster.json");
  await satellite.configure({ cluster: { name: "elsewhere" } });
  const { message, hint } = await satellite.untilReason("ConfigValid", "ConfigTrialFailed", 90_000);
  assert.match(message, /elsewhere in us-east-1/);
  assert.match(hint ?? "", /cluster\.name/);
});

test("keys that others can read are refused", async () => {
  await satellite.systemctl("stop");
  await satellite.box("rm", "-rf", "/run/eks-satellite", ...sessionFiles);
  await satellite.box("chmod", "0644", "/etc/eks-satellite/credentials");
  await satellite.systemctl("start");
  const { hint } = await satellite.untilReason("CredentialsRenewed", "CredentialsExposed");
  assert.match(hint ?? "", /chmod 600/);
  await satellite.box("chmod", "0600", "/etc/eks-satellite/credentials");
  await satellite.untilHealthy();
});

test("keys that do not exist are named by their path", async () => {
  await satellite.systemctl("stop");
  await satellite.box("rm", "-f", ...sessionFiles);
  await satellite.configure({ credentials: { keysFile: "/etc/eks-satellite/nothing" } });
  const { message } = await satellite.untilReason("ConfigValid", "ConfigTrialFailed", 90_000);
  assert.match(message, /\/etc\/eks-satellite\/nothing/);
});

test("a misspelt key does not stop the node: the last good configuration is in force, and the nearest key is named", async () => {
  await satellite.configure({ kubelt: { maxPods: 5 } });
  const { status, message, hint } = await satellite.untilReason("ConfigValid", "ConfigInvalid");
  assert.equal(status, "False");
  assert.match(message, /config\.yaml:\d+: unknown key kubelt/);
  assert.match(hint ?? "", /Did you mean kubelet\?/);
  await satellite.untilReason("NodeReady", "KubeletReady");
});

test("a containerd configuration that is not TOML is left alone and reported with its line", async () => {
  const before = await satellite.read(CONTAINERD_CONFIG);
  const broken = `${before}\n[plugins\n`;
  await satellite.write(CONTAINERD_CONFIG, broken);
  const { message } = await satellite.untilReason("ConfigInSync", "ContainerdConfigUnparsable");
  assert.match(message, /config\.toml:\d+/);
  assert.equal(await satellite.read(CONTAINERD_CONFIG), broken.trim());
  await satellite.untilReason("KubeletRunning", "Running");
  await satellite.write(CONTAINERD_CONFIG, `${before}\n`);
});

test("a configuration on which containerd does not come up is rolled back, with the reason", async () => {
  const before = await satellite.read(CONTAINERD_CONFIG);
  await satellite.configure({ containerd: { config: { grpc: { address: "/run/containerd/elsewhere.sock" } } } });
  const { message, hint } = await satellite.untilReason("ConfigInSync", "ContainerdConfigRefused", 120_000);
  assert.match(message, /does not answer/);
  assert.match(hint ?? "", /journalctl -u containerd/);
  assert.equal(await satellite.read(CONTAINERD_CONFIG), before);
  await satellite.untilReason("RuntimeReady", "Ready");
});

test("a containerd that was stopped is started again within 60 s", async () => {
  await satellite.box("systemctl", "stop", "containerd");
  await waitFor({ what: "containerd to be active", deadlineMs: 60_000, intervalMs: 250 }, async () => {
    const state = await satellite.sandbox.box(["systemctl", "is-active", "containerd"], { mayFail: true });
    return state.stdout.trim() === "active";
  });
});

test("a kubelet that is not executable is named by its path", async () => {
  await satellite.box("chmod", "0644", "/usr/bin/kubelet");
  await satellite.systemctl("restart");
  const { message, hint } = await satellite.untilReason("ConfigInSync", "KubeletNotExecutable");
  assert.match(message, /\/usr\/bin\/kubelet/);
  assert.match(hint ?? "", /chmod 755/);
  await satellite.box("chmod", "0755", "/usr/bin/kubelet");
});

test("a taken port is named with the process that holds it", async () => {
  await satellite.systemctl("stop");
  await satellite.box(
    // Collected even when it has failed, as socat calls its own end: a second run takes the same name.
    ...["systemd-run", "--quiet", "--collect", "--unit=port-thief"],
    ...["socat", "TCP-LISTEN:10250,fork,reuseaddr", "/dev/null"],
  );
  await satellite.systemctl("start");
  const { message } = await satellite.untilReason("KubeletRunning", "PortTaken");
  assert.match(message, /10250 is taken by socat \(pid \d+\)/);
  await satellite.box("systemctl", "stop", "port-thief");
});

test("another's kubelet is refused with its pid and its unit", async () => {
  await satellite.systemctl("stop");
  // Any program of that name will do: what counts is that it is not ours.
  await satellite.box("cp", "/bin/sleep", "/tmp/kubelet");
  await satellite.box("systemd-run", "--quiet", "--collect", "--unit=foreign-kubelet", "/tmp/kubelet", "600");
  await satellite.systemctl("start");
  const { message, hint } = await satellite.untilReason("KubeletRunning", "KubeletStranger");
  assert.match(message, /pid \d+ in foreign-kubelet\.service/);
  assert.match(hint ?? "", /systemctl disable --now foreign-kubelet\.service/);
  await satellite.box("systemctl", "stop", "foreign-kubelet");
});

test("a damaged state folder is rebuilt", async () => {
  await satellite.systemctl("stop");
  await satellite.box(
    "/bin/sh",
    "-c",
    "for file in /var/lib/eks-satellite/*.json /var/lib/eks-satellite/ledger/*; do echo '{damaged' > $file; done",
  );
  await satellite.box("/bin/sh", "-c", "echo '# edited' >> /etc/sysctl.d/90-eks-satellite.conf");
  await satellite.systemctl("start");
  await satellite.untilHealthy();
  assert.equal(JSON.parse(await satellite.read("/var/lib/eks-satellite/cluster.json")).name, "sandbox");
});

test("without root the daemon says so and ends", async () => {
  const { exitCode, stderr } = await satellite.sandbox.box(
    ["setpriv", "--reuid=65534", "--clear-groups", "eks-satellite", "run"],
    { mayFail: true },
  );
  assert.equal(exitCode, 1);
  assert.match(stderr, /needs root.*sudo eks-satellite run/);
});
