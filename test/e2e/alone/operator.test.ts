// What an operator sees: the endpoint, the Node, the journal and `status`, on a healthy node and on one with a fault.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { statusSchema } from "../../../agent/health/status-schema.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { bringUp, type Satellite } from "../satellite.ts";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.restore();
});
after(() => satellite.restore());

const get = (path: string) => satellite.box("curl", "--silent", "--max-time", "5", `http://127.0.0.1:9911${path}`);

async function nodeCondition(): Promise<{ status: string; reason: string; message: string } | undefined> {
  const { status } = (await satellite.sandbox.node()) as unknown as {
    status: { conditions: { type: string; status: string; reason: string; message: string }[] };
  };
  return status.conditions.find(({ type }) => type === "SatelliteHealthy");
}

test("a healthy node says so to probes, Prometheus, kubectl and a person", async () => {
  assert.equal(await get("/readyz"), "ok");
  assert.match(await get("/livez?verbose"), /\[\+\]converge ok[\s\S]*livez check passed/);
  statusSchema.parse(JSON.parse(await get("/status")));
  const metrics = await get("/metrics");
  assert.match(metrics, /^eks_satellite_ready 1$/m);
  assert.match(metrics, /^eks_satellite_api_requests_total\{operation="GET nodes",outcome="200"\} \d+$/m);
  const condition = await waitFor({ what: "SatelliteHealthy on the Node", deadlineMs: 60_000 }, async () => {
    const found = await nodeCondition();
    return found?.status === "True" ? found : undefined;
  });
  assert.equal(condition.reason, "Healthy");
  assert.match(await satellite.box("eks-satellite", "status"), /^● ready/);
});

test("a cordoned Node is a warning on the Node, in the journal and in status, and over when it is uncordoned", async () => {
  const kubectl = (...args: string[]) => satellite.sandbox.kubectl(args);
  await kubectl("cordon", satellite.sandbox.nodeName);
  await satellite.untilReason("NodeSchedulable", "NodeCordoned", 10_000);
  const reported = await waitFor({ what: "the Node's condition to be False", deadlineMs: 30_000 }, async () => {
    const found = await nodeCondition();
    return found?.status === "False" ? found : undefined;
  });
  assert.equal(reported.reason, "NodeCordoned");
  assert.match(reported.message, /kubectl uncordon/);
  const events = await kubectl("get", "events", "--field-selector=reason=NodeCordoned", "--output=name");
  assert.notEqual(events.trim(), "");
  assert.match(
    await satellite.box("journalctl", "-u", "eks-satellite", "-p", "warning", "-n", "1", "-o", "cat"),
    /cordoned.*kubectl uncordon/,
  );
  assert.equal(await get("/readyz"), "ok", "pods that are there run on");
  await kubectl("uncordon", satellite.sandbox.nodeName);
  await satellite.untilReason("NodeSchedulable", "Schedulable", 10_000);
});

test("a configuration that is changed is put in force without anybody's restart, and a mistake in it is told", async () => {
  const pid = await satellite.mainPid("eks-satellite.service");
  const config = await satellite.read("/etc/eks-satellite/config.yaml");
  await satellite.write("/etc/eks-satellite/config.yaml", `${config}\nkubelt: {}\n`);
  await satellite.untilReason("ConfigValid", "ConfigInvalid", 40_000);
  const { kubelet, ...others } = parse(config);
  await satellite.write(
    "/etc/eks-satellite/config.yaml",
    stringify({ ...others, kubelet: { ...kubelet, maxPods: 77 } }),
  );
  await satellite.untilReason("ConfigValid", "Valid", 40_000);
  await waitFor({ what: "kubelet to have 77 pods", deadlineMs: 60_000 }, async () => {
    const { capacity } = ((await satellite.sandbox.node()) as unknown as { status: { capacity: { pods: string } } })
      .status;
    return capacity.pods === "77" ? true : undefined;
  });
  await satellite.write("/etc/eks-satellite/config.yaml", config);
  await satellite.untilHealthy();
  assert.equal(await satellite.mainPid("eks-satellite.service"), pid, "the daemon is the same process");
});

test("on a healthy node the journal has no warning: a minute after a start", async () => {
  await satellite.systemctl("restart");
  const since = await satellite.box("date", "+%Y-%m-%d %H:%M:%S");
  await satellite.untilHealthy();
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  const warnings = await satellite.box(
    "journalctl",
    "-u",
    "eks-satellite",
    "-p",
    "warning",
    "--since",
    since,
    "-o",
    "cat",
    "--no-pager",
    "-q",
  );
  assert.equal(warnings, "");
});

test("check finds nothing wrong with a healthy node, in less than 5 s", async () => {
  const { stdout, exitCode } = await satellite.sandbox.box(["eks-satellite", "check", "--output", "json"], {
    mayFail: true,
  });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; outcome: string; evidence: string }[] };
  assert.deepEqual(
    checks.filter(({ outcome }) => outcome === "fail"),
    [],
  );
  assert.equal(exitCode, 0);
  const identity = checks.find(({ name }) => name === "cluster-identity");
  assert.equal(identity?.evidence, `system:node:${satellite.sandbox.nodeName} in system:nodes`);
  const began = performance.now();
  await satellite.box("eks-satellite", "check");
  assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
});

test("check names a role that may not be assumed, and what a cut network keeps it from, within 15 s", async () => {
  const run = async () => {
    const began = performance.now();
    const { stdout, exitCode } = await satellite.sandbox.box(["eks-satellite", "check", "--output", "json"], {
      mayFail: true,
    });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; outcome: string; remedy?: string }[] };
    return {
      exitCode,
      seconds: (performance.now() - began) / 1000,
      of: (name: string) => checks.find((check) => check.name === name),
    };
  };
  await satellite.sandbox.changeAwsFaults((faults) => ({ ...faults, denied: ["sts:AssumeRole"] }));
  const denied = await run();
  assert.deepEqual([denied.exitCode, denied.of("assume-role")?.outcome], [1, "fail"]);
  assert.match(denied.of("assume-role")?.remedy ?? "", /trust policy/);
  await satellite.sandbox.clearAwsFaults();
  await satellite.sandbox.link("down");
  const cut = await run().finally(() => satellite.sandbox.link("up"));
  assert.deepEqual([cut.exitCode, cut.of("sts")?.outcome, cut.of("api-server")?.outcome], [1, "fail", "fail"]);
  assert.ok(cut.seconds < 15, `${cut.seconds} s`);
  await satellite.untilHealthy(180_000);
});

test("a bundle tells of the fault and of no secret, with secrets planted all over the machine", async () => {
  const token = await satellite.read("/run/eks-satellite/kubelet-token");
  const keys = await satellite.read("/etc/eks-satellite/credentials");
  const sessionKeys = await satellite.read("/run/eks-satellite/aws-credentials");
  const ownSecrets = [keys, sessionKeys].flatMap((text) =>
    Array.from(text.matchAll(/(?:secret_access_key|session_token)\s*=\s*(\S+)/gi), ([, secret = ""]) => secret),
  );
  assert.equal(ownSecrets.length, 3);
  const environment = await satellite.read("/etc/eks-satellite/environment");
  const planted = ["plantedProxyPassword", "plantedVariable", "plantedComment", "plantedRegistryPassword"];
  const containerd = await satellite.read("/etc/containerd/config.toml");
  await satellite.write(
    "/etc/containerd/config.toml",
    `${containerd}\n# plantedComment\n[plugins."example.registry".auth]\npassword = "plantedRegistryPassword"\n`,
  );
  await satellite.write(
    "/etc/eks-satellite/environment",
    `${environment}\nNO_PROXY=*\nFTP_PROXY=http://joe:plantedProxyPassword@proxy:3128\nMY_SECRET=plantedVariable\n`,
  );
  try {
    await satellite.box("eks-satellite", "bundle", "--output", "/tmp/bundle.tar.gz");
    assert.equal(await satellite.box("stat", "--format=%a %U", "/tmp/bundle.tar.gz"), "600 root");
    const names = (await satellite.box("tar", "-tzf", "/tmp/bundle.tar.gz")).split("\n");
    for (const name of ["status.json", "check.txt", "plan.txt", "journal/eks-satellite.txt", "machine/files.txt"])
      assert.ok(
        names.some((path) => path.endsWith(`/${name}`)),
        `${name} is in the bundle`,
      );
    const everything = await satellite.box("tar", "-xzOf", "/tmp/bundle.tar.gz");
    for (const secret of [...ownSecrets, token, ...planted])
      assert.ok(!everything.includes(secret), `${secret.slice(0, 12)}… is in the bundle`);
    assert.doesNotMatch(everything, /PRIVATE KEY-----|k8s-aws-v1\./);
    assert.match(everything, /the agent runs/, "the journal is there");
    assert.match(everything, /MY_SECRET=\[redacted: value\]/);
    assert.match(everything, new RegExp(`system:node:${satellite.sandbox.nodeName}`));
    assert.match(everything, /-rw------- root:root .*\/run\/eks-satellite\/kubelet-token/);
  } finally {
    await satellite.write("/etc/eks-satellite/environment", `${environment}\n`);
    await satellite.write("/etc/containerd/config.toml", `${containerd}\n`);
    await satellite.box("rm", "-f", "/tmp/bundle.tar.gz");
  }
});

test("status tells of a daemon that is down, with systemd's word", async () => {
  await satellite.systemctl("stop");
  const { stdout, exitCode } = await satellite.sandbox.box(["eks-satellite", "status"], { mayFail: true });
  assert.equal(exitCode, 3);
  assert.match(stdout, /does not answer[\s\S]*systemd: inactive[\s\S]*Next: systemctl start eks-satellite/);
  await satellite.systemctl("start");
});
