import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { NamedFinding } from "../../agent/check/check.ts";
import { CHECKS, checkCommand } from "../../agent/commands/check.ts";
import { readProcess } from "../../agent/facts/process.ts";
import type { HttpRequest, HttpResponse } from "../../agent/host/host.ts";
import { clusterCa } from "../fakes/certificates.ts";
import { awsError, connectionRefused, MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { KEYS_FILE, MINIMAL_CONFIG } from "../fakes/samples.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const API = "https://ABC.gr7.us-west-2.eks.amazonaws.com";
const NODE = { username: "system:node:gpu-1", groups: ["system:nodes", "system:authenticated"] };

/** A healthy machine on which the daemon runs. */
function setUp() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  containerd.start();
  host.files.put(FILE, MINIMAL_CONFIG);
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  host.files.put("/etc/os-release", 'ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n');
  host.files.put("/proc/self/mountinfo", "1 0 0:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n");
  for (const path of ["/proc/self/ns/mnt", "/proc/1/ns/mnt"]) host.files.putLink(path, "mnt:[4026531841]");
  host.files.put(
    "/proc/1/limits",
    "Limit Soft Hard Units\nMax open files            1024                 524288               files\n",
  );
  host.files.put("/opt/cni/bin/loopback", "", { mode: 0o755 });
  host.files.put(
    "/etc/containerd/config.toml",
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nSystemdCgroup = true\n',
  );
  host.files.putFolder("/run/systemd/system");
  host.files.put("/var/lib/kubelet/pki/kubelet-server-current.pem", clusterCa);
  for (const name of ["sts.us-west-2.amazonaws.com", "eks.us-west-2.amazonaws.com", new URL(API).hostname])
    host.names.set(name, ["192.0.2.1"]);
  const answers = { user: NODE as object, review: 201, skewMs: 0, daemon: true };
  host.onFetch = ({ url }: HttpRequest): HttpResponse => {
    if (url.includes("/readyz")) {
      if (!answers.daemon) throw new Error("connect ECONNREFUSED");
      return { status: 200, body: "ok" };
    }
    if (url.includes("selfsubjectreviews"))
      return { status: answers.review, body: JSON.stringify({ status: { userInfo: answers.user } }) };
    return { status: 403, body: "", serverTimeMs: host.clock.now() - answers.skewMs };
  };
  const aws = new MemoryAws(host.clock.now);
  const run = async (
    options: { only?: string[]; skip?: string[]; output?: "text" | "json"; environment?: Record<string, string> } = {},
  ) => {
    const parts: string[] = [];
    const { environment = {}, ...chosen } = options;
    const running = checkCommand(
      { host, environment, aws },
      { config: FILE, output: "json", only: [], skip: [], ...chosen },
      (text) => void parts.push(text),
    );
    return { exitCode: await running, text: parts.join("") };
  };
  const find = async (name: string, environment: Record<string, string> = {}): Promise<NamedFinding> => {
    const { text } = await run({ only: [name], environment });
    return JSON.parse(text).checks[0];
  };
  return { host, containerd, aws, answers, run, find };
}

test("on a healthy node nothing fails; what cannot be known from here is unknown, and long-lived keys are a warning", async () => {
  const { run } = setUp();
  const { text, exitCode } = await run();
  const { checks, summary } = JSON.parse(text) as { checks: NamedFinding[]; summary: Record<string, number> };
  const notOk = checks.filter(({ outcome }) => outcome !== "ok").map(({ name, outcome }) => `${name} ${outcome}`);
  assert.deepEqual(notOk, ["credentials warn", "control-plane-route unknown"]);
  assert.deepEqual([exitCode, summary.fail, checks.length], [0, 0, CHECKS.length]);
});

test("as text each check is a line with its mark, remedies below, and a summary last", async () => {
  const { run } = setUp();
  const { text } = await run({ output: "text" });
  assert.match(text, /^machine:\n✓ os {19}Ubuntu 22\.04\.5 LTS\n/);
  assert.match(text, /\n! credentials .*\n {2}→ Prefer a credential_process/);
  assert.match(text, /\n\d+ ok, 1 warnings, 0 failed, 1 unknown\n$/);
});

test("--only and --skip choose, and a name that is none is refused with those that are", async () => {
  const { run } = setUp();
  assert.deepEqual(JSON.parse((await run({ only: ["os", "root"] })).text).checks.length, 2);
  assert.deepEqual(JSON.parse((await run({ skip: ["os"] })).text).checks.length, CHECKS.length - 1);
  await assert.rejects(run({ only: ["disc"] }), { code: "check-unknown", hint: /disk/ });
});

const WRONG: readonly (readonly [
  name: string,
  what: string,
  spoil: (world: ReturnType<typeof setUp>) => void,
  outcome: string,
  says: RegExp,
])[] = [
  [
    "os",
    "another distribution",
    ({ host }) => host.files.put("/etc/os-release", "ID=fedora\nVERSION_ID=42\n"),
    "warn",
    /fedora 42/,
  ],
  [
    "architecture",
    "a machine of another kind",
    ({ host }) => (host.system = { ...host.system, architecture: "riscv64" }),
    "fail",
    /riscv64/,
  ],
  ["root", "somebody who is not root", ({ host }) => (host.userId = 1000), "warn", /user 1000/],
  [
    "mount-propagation",
    "a private root",
    ({ host }) => host.files.put("/proc/self/mountinfo", "1 0 0:1 / / rw - ext4 x rw\n"),
    "fail",
    /make-rshared/,
  ],
  [
    "mount-namespace",
    "a namespace of its own",
    ({ host }) => host.files.putLink("/proc/self/ns/mnt", "mnt:[1]"),
    "fail",
    /PrivateTmp/,
  ],
  [
    "disk",
    "a full disk",
    ({ host }) =>
      host.files.spaces.set("/var/log", { totalBytes: 100, availableBytes: 5, totalInodes: 0, freeInodes: 0 }),
    "fail",
    /\/var\/log has 5 %/,
  ],
  [
    "memory",
    "little memory",
    ({ host }) => (host.system = { ...host.system, memoryBytes: 2 ** 30 }),
    "warn",
    /1\.0 GiB/,
  ],
  ["swap", "swap", ({ host }) => (host.system = { ...host.system, swapBytes: 2 ** 30 }), "fail", /swapoff/],
  [
    "open-files",
    "few files",
    ({ host }) => host.files.put("/proc/1/limits", "Max open files  1024  4096  files\n"),
    "warn",
    /4096/,
  ],
  [
    "kernel",
    "no overlay",
    ({ host }) => {
      host.install("modprobe", () => ({ exitCode: 1 }));
    },
    "fail",
    /overlay/,
  ],
  [
    "gpu",
    "a GPU without a driver",
    ({ host }) => {
      host.files.put("/sys/bus/pci/devices/a/vendor", "0x10de\n");
      host.files.put("/sys/bus/pci/devices/a/class", "0x030200\n");
    },
    "warn",
    /no driver/,
  ],
  [
    "containerd",
    "an old containerd",
    ({ host }) => host.install("/usr/bin/containerd", () => ({ stdout: "containerd containerd.io v1.4.3 x" })),
    "fail",
    /1\.4\.3/,
  ],
  ["cri", "a containerd that is down", ({ containerd }) => containerd.stop(), "fail", /does not answer/],
  [
    "cgroup-driver",
    "another cgroup driver",
    ({ host }) => host.files.put("/etc/containerd/config.toml", "version = 2\n[a]\nSystemdCgroup = false\n"),
    "fail",
    /something else/,
  ],
  ["cni-plugins", "no loopback plugin", ({ host }) => host.files.drop("/opt/cni/bin/loopback"), "fail", /loopback/],
  ["kubelet", "no kubelet", ({ host }) => host.files.drop("/usr/bin/kubelet"), "fail", /no kubelet/],
  ["dns", "no DNS", ({ host }) => host.names.clear(), "fail", /cannot be resolved/],
  ["clock", "a clock that is 20 minutes ahead", ({ answers }) => (answers.skewMs = 1_200_000), "fail", /1200 s ahead/],
  ["clock", "a clock that is 2 minutes behind", ({ answers }) => (answers.skewMs = -120_000), "warn", /120 s behind/],
  ["config", "a misspelt key", ({ host }) => host.files.put(FILE, `${MINIMAL_CONFIG}kubelt: {}\n`), "fail", /kubelt/],
  ["credentials", "no keys", ({ host }) => host.files.drop("/etc/eks-satellite/aws-keys"), "fail", /aws-keys/],
  [
    "assume-role",
    "a role that may not be assumed",
    ({ aws }) => aws.fail(awsError("AccessDenied", 403), "assumeRole"),
    "fail",
    /trust policy/,
  ],
  [
    "aws-identity",
    "a denied GetCallerIdentity",
    ({ aws }) => aws.fail(awsError("AccessDenied", 403), "getCallerIdentity"),
    "unknown",
    /AccessDenied/,
  ],
  [
    "describe-cluster",
    "a denied DescribeCluster",
    ({ aws }) => aws.fail(awsError("AccessDeniedException", 403), "describeCluster"),
    "fail",
    /Allow eks:DescribeCluster/,
  ],
  ["describe-cluster", "no keys to ask with", ({ aws }) => aws.fail(connectionRefused()), "unknown", /assume-role/],
  [
    "cluster-identity",
    "an identity that nobody mapped",
    ({ answers }) => (answers.review = 401),
    "fail",
    /create-access-entry --cluster-name demo --region us-west-2 --type HYBRID_LINUX --principal-arn arn:aws:iam::111122223333:role\/satellite/,
  ],
  [
    "cluster-identity",
    "another node's name",
    ({ answers }) => (answers.user = { ...NODE, username: "system:node:gpu-2" }),
    "fail",
    /sees system:node:gpu-2/,
  ],
  [
    "cluster-identity",
    "a missing group",
    ({ answers }) => (answers.user = { ...NODE, groups: [] }),
    "fail",
    /system:nodes/,
  ],
  [
    "version-skew",
    "a kubelet that is too old",
    ({ host }) => host.install("/usr/bin/kubelet", () => ({ stdout: "Kubernetes v1.29.1" })),
    "fail",
    /1\.29\.1 does not fit/,
  ],
  [
    "serving-certificate",
    "no certificate",
    ({ host }) => host.files.drop("/var/lib/kubelet/pki/kubelet-server-current.pem"),
    "fail",
    /certificate approve/,
  ],
  ["daemon", "no daemon", ({ answers }) => (answers.daemon = false), "unknown", /systemctl status/],
];

for (const [name, what, spoil, outcome, says] of WRONG) {
  test(`${name}: ${what} is ${outcome}, with evidence and remedy`, async () => {
    const world = setUp();
    spoil(world);
    const finding = await world.find(name);
    assert.equal(finding.outcome, outcome, JSON.stringify(finding));
    assert.match(`${finding.evidence} ${finding.remedy ?? ""}`, says);
  });
}

test("a certificate on the way, a refused connection and a silence have each their own remedy", async () => {
  const { host, find } = setUp();
  const codes: readonly (readonly [string, RegExp])[] = [
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /replaces certificates/],
    ["ECONNREFUSED", /firewall/],
    ["ETIMEDOUT", /TCP 443/],
  ];
  for (const [code, says] of codes) {
    host.onFetch = () => {
      throw Object.assign(new Error(code), { code });
    };
    const { outcome, remedy } = await find("sts");
    assert.equal(outcome, "fail");
    assert.match(remedy ?? "", says);
  }
});

test("a proxy is shown without its password, with what NO_PROXY lacks", async () => {
  const { find } = setUp();
  const HTTPS_PROXY = "http://user:hunter2@proxy:3128";
  const { outcome, evidence } = await find("proxy", { HTTPS_PROXY, NO_PROXY: "localhost,127.0.0.1" });
  assert.equal(outcome, "warn");
  assert.doesNotMatch(evidence, /hunter2/);
  assert.match(evidence, /lacks 10\.100\.0\.0\/16, abc\.gr7\.us-west-2\.eks\.amazonaws\.com/);
  const NO_PROXY = "localhost,127.0.0.1,10.100.0.0/16,.eks.amazonaws.com";
  assert.equal((await find("proxy", { HTTPS_PROXY, NO_PROXY })).outcome, "ok");
});

test("a port that a stranger holds is a failure that names him", async () => {
  const { host, find } = setUp();
  host.files.put(
    "/proc/net/tcp",
    "sl local rem st tx rx tr tm retr uid timeout inode\n 0: 00000000:280A 00000000:0000 0A 0 0 0 0 0 999 1\n",
  );
  host.files.put("/proc/77/comm", "nginx\n");
  host.files.putLink("/proc/77/fd/3", "socket:[999]");
  const { outcome, evidence } = await find("ports");
  assert.deepEqual([outcome, evidence], ["fail", "taken: 10250 by nginx (pid 77)"]);
});

test("before the machine has joined, what the daemon does by itself is no failure", async () => {
  const { host, containerd, answers, find } = setUp();
  answers.daemon = false;
  containerd.conditions = [{ type: "NetworkReady", isTrue: false, reason: "", message: "no CNI" }];
  host.files.drop("/var/lib/kubelet/pki/kubelet-server-current.pem");
  host.files.drop("/etc/containerd/config.toml");
  assert.equal((await find("cri")).outcome, "warn");
  assert.equal((await find("cgroup-driver")).outcome, "ok");
  assert.equal((await find("serving-certificate")).outcome, "unknown");
});

test("without a configuration the machine is checked all the same", async () => {
  const { host, run } = setUp();
  host.files.drop(FILE);
  const { text, exitCode } = await run();
  const { checks } = JSON.parse(text) as { checks: NamedFinding[] };
  const of = Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));
  assert.deepEqual(
    [exitCode, of.config, of.os, of.disk, of.sts, of["assume-role"]],
    [1, "fail", "ok", "ok", "unknown", "unknown"],
  );
  assert.deepEqual(
    [of.swap, of.kernel, of.cri, of["cgroup-driver"], of.kubelet, of.ports],
    ["ok", "ok", "ok", "ok", "ok", "ok"],
    "what is about this machine alone goes by the defaults",
  );
});

test("a check that hangs is given up after 8 s, and the others are told", async () => {
  const { host, run } = setUp();
  host.resolve = () => new Promise(() => undefined);
  const running = run();
  await host.clock.advance(8000);
  const { checks } = JSON.parse((await running).text) as { checks: NamedFinding[] };
  const dns = checks.find(({ name }) => name === "dns");
  assert.deepEqual([dns?.outcome, dns?.evidence], ["unknown", "no answer in 8 s"]);
  assert.equal(checks.find(({ name }) => name === "os")?.outcome, "ok");
});

test("AWS is asked each question once, however many checks need the answer", async () => {
  const { aws, run } = setUp();
  await run();
  assert.deepEqual(aws.calls.toSorted(), ["assumeRole", "describeCluster", "getCallerIdentity"]);
});

test("findings name their group, and checks of one group stand together", async () => {
  const { run } = setUp();
  const { checks } = JSON.parse((await run()).text) as { checks: NamedFinding[] };
  const turns = checks.map(({ group }) => group).filter((group, index, all) => group !== all[index - 1]);
  assert.deepEqual(turns, ["machine", "runtime", "network", "identity"]);
});

test("what may not be read is unknown, not a failure", async () => {
  const { host, find } = setUp();
  host.files.refuseReads("/etc/eks-satellite/aws-keys");
  for (const name of ["credentials", "assume-role"]) assert.equal((await find(name)).outcome, "unknown", name);
});

test("the state folder is looked at where it is configured", async () => {
  const { host, find } = setUp();
  host.files.put(FILE, `${MINIMAL_CONFIG}stateFolder: /data/satellite\n`);
  const full = { totalBytes: 100, availableBytes: 5, totalInodes: 0, freeInodes: 0 };
  host.files.spaces.set("/data/satellite", full);
  assert.match((await find("disk")).evidence, /^\/data\/satellite has 5 %/);
});

test("a kubelet that a killed daemon left behind is ours; any other is a stranger", async () => {
  const { host, answers, find } = setUp();
  answers.daemon = false;
  const kubelet = host.processes.start({ name: "kubelet" });
  host.files.put(
    "/proc/net/tcp",
    "sl local rem st tx rx tr tm retr uid timeout inode\n 0: 00000000:280A 00000000:0000 0A 0 0 0 0 0 999 1\n",
  );
  host.files.putLink(`/proc/${kubelet.pid}/fd/3`, "socket:[999]");
  assert.equal((await find("ports")).outcome, "fail");
  const identity = await readProcess(host, kubelet.pid);
  host.files.put("/run/eks-satellite/kubelet-process.json", JSON.stringify(identity));
  assert.equal((await find("ports")).outcome, "ok");
});

test("README names every check", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  for (const { name } of CHECKS) assert.ok(readme.includes(`\`${name}\``), `${name} is not in README`);
});
