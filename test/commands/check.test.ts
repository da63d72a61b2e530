import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { NamedFinding } from "../../agent/check/check.ts";
import { CHECKS } from "../../agent/commands/check.ts";
import { readProcess } from "../../agent/facts/process.ts";
import { CONFIG_FILE, ECR_PROVIDER, setUpCheck } from "../fakes/check-machine.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";

test("on a healthy node nothing fails; the control plane's route is unknown, and long-lived keys are a warning", async () => {
  const { run } = setUpCheck();
  const { text, exitCode } = await run();
  const { checks, summary } = JSON.parse(text) as { checks: NamedFinding[]; summary: Record<string, number> };
  const notOk = checks.filter(({ outcome }) => outcome !== "ok").map(({ name, outcome }) => `${name} ${outcome}`);
  assert.deepEqual(notOk, ["control-plane-route unknown", "credentials warn"]);
  assert.deepEqual([exitCode, summary.fail, checks.length], [0, 0, CHECKS.length]);
});

test("as text each check is a line with its mark, remedies below, and a summary at the end", async () => {
  const { run } = setUpCheck();
  const { text } = await run({ output: "text" });
  assert.match(text, /^machine:\n✓ os {19}Ubuntu 22\.04\.5 LTS\n/);
  assert.match(text, /\n! credentials .*\n {2}→ A copy of them is this node's identity/);
  assert.match(text, /\n\d+ ok, 1 warnings, 0 failed, 0 that the daemon brings, 1 unknown\n$/);
});

test("--only and --skip select checks, and an unknown name is refused with the known ones", async () => {
  const { run } = setUpCheck();
  assert.deepEqual(JSON.parse((await run({ only: ["os", "root"] })).text).checks.length, 2);
  assert.deepEqual(JSON.parse((await run({ skip: ["os"] })).text).checks.length, CHECKS.length - 1);
  await assert.rejects(run({ only: ["disc"] }), { code: "check-unknown", hint: /disk,.*Did you mean disk\?$/ });
});

test("a replaced certificate, a refused connection and a timeout each have their own remedy", async () => {
  const { host, find } = setUpCheck();
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

test("a proxy is shown without its password, with the missing entries of NO_PROXY", async () => {
  const { find } = setUpCheck();
  const HTTPS_PROXY = "http://user:hunter2@proxy:3128";
  const { outcome, evidence } = await find("proxy", { HTTPS_PROXY, NO_PROXY: "localhost,127.0.0.1" });
  assert.equal(outcome, "warn");
  assert.doesNotMatch(evidence, /hunter2/);
  assert.match(evidence, /lacks 10\.100\.0\.0\/16, abc\.gr7\.us-west-2\.eks\.amazonaws\.com/);
  const NO_PROXY = "localhost,127.0.0.1,10.100.0.0/16,.eks.amazonaws.com";
  assert.equal((await find("proxy", { HTTPS_PROXY, NO_PROXY })).outcome, "ok");
});

test("a containerd without the proxy is a warning with the way to set it", async () => {
  const { find, containerd, host } = setUpCheck();
  const proxies = { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "*" };
  const environ = `/proc/${containerd.pid}/environ`;
  host.files.put(environ, "PATH=/bin\0HTTPS_PROXY=\0");
  const { outcome, evidence, remedy } = await find("proxy", proxies);
  assert.deepEqual([outcome, evidence.includes("containerd runs without one")], ["warn", true]);
  assert.match(
    remedy ?? "",
    /systemctl edit containerd\.service: \[Service\] EnvironmentFile=\/etc\/eks-satellite\/environment/,
  );
  host.files.put(environ, "PATH=/bin\0https_proxy=http://proxy:3128\0");
  assert.equal((await find("proxy", proxies)).outcome, "ok");
  assert.equal((await find("proxy")).outcome, "ok", "without a proxy containerd needs none");
});

test("a port that another process holds is a failure that names the process", async () => {
  const { host, find } = setUpCheck();
  host.files.put(
    "/proc/net/tcp",
    "sl local rem st tx rx tr tm retr uid timeout inode\n 0: 00000000:280A 00000000:0000 0A 0 0 0 0 0 999 1\n",
  );
  host.files.put("/proc/77/comm", "nginx\n");
  host.files.putLink("/proc/77/fd/3", "socket:[999]");
  const { outcome, evidence } = await find("ports");
  assert.deepEqual([outcome, evidence], ["fail", "taken: 10250 by nginx (pid 77)"]);
});

test("before the machine has joined, what the daemon will set up is no failure", async () => {
  const { host, containerd, answers, find } = setUpCheck();
  answers.daemon = false;
  containerd.conditions = [{ type: "NetworkReady", isTrue: false, reason: "", message: "no CNI" }];
  host.files.drop("/var/lib/kubelet/pki/kubelet-server-current.pem");
  host.files.drop("/etc/containerd/config.toml");
  assert.equal((await find("cri")).outcome, "pending");
  assert.equal((await find("cgroup-driver")).outcome, "pending");
  assert.equal((await find("serving-certificate")).outcome, "unknown");
});

test("without a configuration the machine is checked all the same", async () => {
  const { host, run } = setUpCheck();
  host.files.drop(CONFIG_FILE);
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

/** Ubuntu as it is rented out: neither containerd nor anything of Kubernetes, and nothing configured. */
function setUpFresh() {
  const setup = setUpCheck();
  const { host, containerd, answers } = setup;
  answers.daemon = false;
  containerd.stop();
  host.files.put("/proc/sys/vm/overcommit_memory", "0\n");
  for (const path of [CONFIG_FILE, "/etc/containerd/config.toml", "/opt/cni/bin", "/usr/bin/kubelet", ECR_PROVIDER])
    host.files.drop(path);
  for (const name of ["containerd", "runc", "conntrack", "socat"])
    for (const folder of ["/usr/bin", "/usr/sbin"]) host.files.drop(`${folder}/${name}`);
  host.uninstall("containerd");
  return setup;
}

test("a fresh machine fails in nothing that the daemon brings", async () => {
  const { run } = setUpFresh();
  const { checks } = JSON.parse((await run()).text) as { checks: NamedFinding[] };
  const named = (wanted: string) => checks.filter(({ outcome }) => outcome === wanted).map(({ name }) => name);
  assert.deepEqual(named("fail"), ["config"]);
  assert.deepEqual(named("pending"), [
    ...["kernel", "dependencies", "containerd", "artifacts", "cri", "cgroup-driver", "cni-plugins", "kubelet"],
  ]);
});

test("what waits for a configuration is one line", async () => {
  const { run } = setUpFresh();
  const { text } = await run({ output: "text" });
  assert.equal(text.match(/a valid configuration/g)?.length, 1, text);
  assert.match(text, /\n\? \d+ more need a valid configuration: [\w, -]+\n {2}→ eks-satellite configure writes it\.\n/);
});

test("where the daemon installs nothing, check says what to install", async () => {
  const { host, run } = setUpFresh();
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}dependencies: { install: never }\nartifacts: { install: never }\n`);
  const { checks } = JSON.parse((await run()).text) as { checks: NamedFinding[] };
  const failing = checks.filter(({ outcome }) => outcome === "fail").map(({ name }) => name);
  for (const name of ["dependencies", "containerd", "cri", "cni-plugins", "kubelet"])
    assert.ok(failing.includes(name), `${name} is not among ${failing.join(", ")}`);
});

test("a check that hangs is unknown after 8 s, and the others are reported", async () => {
  const { host, run } = setUpCheck();
  host.resolve = () => new Promise(() => undefined);
  const running = run();
  await host.clock.advance(8000);
  const { checks } = JSON.parse((await running).text) as { checks: NamedFinding[] };
  const dns = checks.find(({ name }) => name === "dns");
  assert.deepEqual([dns?.outcome, dns?.evidence], ["unknown", "no answer in 8 s"]);
  assert.equal(checks.find(({ name }) => name === "os")?.outcome, "ok");
});

test("each call to AWS is made once, however many checks need the answer", async () => {
  const { aws, run } = setUpCheck();
  await run();
  assert.deepEqual(aws.calls.toSorted(), ["assumeRole", "describeCluster", "getCallerIdentity"]);
});

test("findings name their group, and checks of one group are adjacent", async () => {
  const { run } = setUpCheck();
  const { checks } = JSON.parse((await run()).text) as { checks: NamedFinding[] };
  const turns = checks.map(({ group }) => group).filter((group, index, all) => group !== all[index - 1]);
  assert.deepEqual(turns, ["machine", "runtime", "network", "identity"]);
});

test("a file that may not be read is unknown, not a failure", async () => {
  const { host, find } = setUpCheck();
  host.files.refuseReads("/etc/eks-satellite/aws-keys");
  for (const name of ["credentials", "assume-role"]) assert.equal((await find(name)).outcome, "unknown", name);
});

test("the configured state folder is checked", async () => {
  const { host, find } = setUpCheck();
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}stateFolder: /data/eks-satellite\n`);
  const full = { totalBytes: 100, availableBytes: 5, totalInodes: 0, freeInodes: 0 };
  host.files.spaces.set("/data/eks-satellite", full);
  assert.match((await find("disk")).evidence, /^\/data\/eks-satellite has 5 %/);
});

test("a kubelet that a killed daemon left behind is ours; any other is foreign", async () => {
  const { host, answers, find } = setUpCheck();
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

test("docs/reference/checks.md names every check, with what it checks", () => {
  const page = readFileSync(new URL("../../docs/reference/checks.md", import.meta.url), "utf8");
  for (const { name, checks } of CHECKS)
    assert.ok(page.includes(`| \`${name}\` | ${checks} |`), `${name} is not in checks.md, or otherwise`);
});

test("a terminal sees marks by outcome in colours, and no sequence of a file's own", async () => {
  const { host, run } = setUpCheck();
  host.files.put(CONFIG_FILE, MINIMAL_CONFIG.replace("/etc/eks-satellite/aws-keys", String.raw`"/k\e[2J"`));
  const { text } = await run({
    ...{ output: "text", only: ["os", "credentials"] },
    paint: (style, plain) => `<${style}>${plain}</${style}>`,
  });
  assert.match(text, /^<bold>machine:<\/bold>\n<green>✓<\/green> os/);
  assert.match(text, /\n<red>✗<\/red> credentials +there is no file \/k\n/);
});
