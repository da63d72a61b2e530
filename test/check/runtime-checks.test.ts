import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "../fakes/check-machine.ts";

const RUNTIMES = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes';
const RUNC = (...values: readonly boolean[]) =>
  `version = 2\n${values
    .map(
      (value, index) =>
        `[${RUNTIMES}.a${index}]\nruntime_type = "io.containerd.runc.v2"\n[${RUNTIMES}.a${index}.options]\nSystemdCgroup = ${value}\n`,
    )
    .join("")}`;

test("containerd 1.6.0 is new enough, and an older one is a failure", async () => {
  const { host, find } = setUpCheck();
  for (const [version, outcome] of [
    ["1.6.0", "ok"],
    ["1.6.20~ds1", "ok"],
    ["2.1.4", "ok"],
    ["1.5.18", "fail"],
  ] as const) {
    host.files.put("/usr/bin/containerd", version, { mode: 0o755 });
    host.install("/usr/bin/containerd", () => ({ stdout: `containerd github.com/containerd/containerd ${version} x` }));
    assert.equal((await find("containerd")).outcome, outcome, version);
  }
});

test("a missing dependency is a failure while a daemon runs, and before that the daemon's to install", async () => {
  const { host, answers, find } = setUpCheck();
  assert.equal((await find("dependencies")).evidence.split(", ").includes("conntrack"), true);
  host.files.drop("/usr/sbin/conntrack");
  assert.equal((await find("dependencies")).outcome, "fail");
  answers.daemon = false;
  const { outcome, evidence, remedy } = await find("dependencies");
  assert.deepEqual(
    [outcome, evidence, remedy],
    ["pending", "missing: conntrack", "eks-satellite run installs them with apt-get: nothing to do by hand."],
  );
});

test("an unready network is a failure while a daemon runs, and before that the daemon's to bring", async () => {
  const { containerd, answers, find } = setUpCheck();
  containerd.conditions = containerd.conditions.map((condition) => ({
    ...condition,
    isTrue: condition.type === "RuntimeReady",
    message: condition.type === "RuntimeReady" ? "" : "cni plugin not initialized",
  }));
  const evidence = "containerd reports NetworkReady as false: cni plugin not initialized";
  const running = await find("cri");
  answers.daemon = false;
  const before = await find("cri");
  assert.deepEqual([running.outcome, running.evidence], ["fail", evidence]);
  assert.deepEqual([before.outcome, before.evidence], ["pending", evidence]);
});

test("the cgroup drivers agree only when every runtime of containerd's has kubelet's", async () => {
  const { host, answers, find } = setUpCheck();
  const outcomeOf = async (text: string) => {
    host.files.put("/etc/containerd/config.toml", text);
    return (await find("cgroup-driver")).outcome;
  };
  assert.equal(await outcomeOf(RUNC(true, true)), "ok");
  assert.equal(await outcomeOf(RUNC(true, false)), "fail");
  assert.equal(await outcomeOf(RUNC()), "fail", "runc's default is cgroupfs");
  host.files.drop("/run/systemd/system");
  assert.equal(await outcomeOf(RUNC(false)), "ok", "without systemd kubelet uses cgroupfs");
  answers.daemon = false;
  assert.equal(await outcomeOf(RUNC(true)), "pending", "the daemon will set it");
  assert.equal(await outcomeOf("version = [\n"), "fail");
});

test("the cgroup driver is the one that containerd reads: no comment's, and a drop-in's too", async () => {
  const { host, find } = setUpCheck();
  const outcomeOf = async (text: string) => {
    host.files.put("/etc/containerd/config.toml", text);
    return (await find("cgroup-driver")).outcome;
  };
  const runc = `version = 2\n[${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n[${RUNTIMES}.runc.options]\n`;
  assert.equal(await outcomeOf(`${runc}# SystemdCgroup = false\nSystemdCgroup = true\n`), "ok");
  assert.equal(await outcomeOf(`${runc}systemdCgroup = true\n`), "ok", "in another case");
  assert.equal(await outcomeOf(`${runc}# SystemdCgroup = true\n`), "fail");
  const { evidence } = await find("cgroup-driver");
  assert.equal(evidence, "kubelet uses systemd, containerd's configuration something else (cgroupfs) for runc");

  const importing = `imports = ["/etc/containerd/conf.d/*.toml"]\n${runc}SystemdCgroup = true\n`;
  host.files.put("/etc/containerd/conf.d/9.toml", RUNC(false));
  host.install("containerd", () => ({ exitCode: 1 }));
  assert.equal(await outcomeOf(importing), "fail", "of the files");
  host.install("containerd", () => ({ stdout: RUNC(true) }));
  assert.equal(await outcomeOf(importing), "ok", "what containerd makes of them");
});

test("CNI plugins are looked for where containerd does, or will when the daemon has merged its configuration", async () => {
  const { host, answers, find } = setUpCheck();
  const cni = (folder: string) =>
    host.files.put(
      "/etc/containerd/config.toml",
      `version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "${folder}"\n`,
    );
  cni("/usr/lib/cni");
  const running = await find("cni-plugins");
  assert.deepEqual(
    [running.outcome, running.evidence],
    ["fail", "there is no executable /usr/lib/cni/loopback: containerd needs it for every pod"],
  );
  answers.daemon = false;
  assert.equal((await find("cni-plugins")).outcome, "ok", "Debian's own file is merged");
  cni("/srv/cni");
  assert.equal((await find("cni-plugins")).outcome, "fail", "a user's folder stays");
});

test("a CNI plugin that is not executable is missing", async () => {
  const { host, find } = setUpCheck();
  host.files.put("/opt/cni/bin/loopback", "", { mode: 0o644 });
  const { outcome, evidence } = await find("cni-plugins");
  assert.equal(outcome, "fail");
  assert.match(evidence, /no executable \/opt\/cni\/bin\/loopback/);
});

test("a taken port whose process cannot be read is unknown to a user other than root", async () => {
  const { host, find } = setUpCheck();
  host.files.put("/proc/net/tcp", "  sl\n   0: 00000000:280A 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n");
  assert.deepEqual([(await find("ports")).outcome, (await find("ports")).evidence], ["fail", "taken: 10250"]);
  host.userId = 1000;
  assert.deepEqual((await find("ports")).evidence, "taken: 10250; the process cannot be read");
  assert.equal((await find("ports")).outcome, "unknown");
});
