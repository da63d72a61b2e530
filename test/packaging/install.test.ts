// packaging/install.sh as a user runs it: the first install, the second, an upgrade, one changed key, and waiting.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { KEYS, Machine, type Outcome, type RunOptions } from "./install-machine.ts";
import { Mirror, NEW, OLD } from "./install-mirror.ts";

const ROLE = "arn:aws:iam::111122223333:role/eks-satellite-node";
const CLUSTER = ["--cluster", "demo", "--region", "us-west-2"];
const UNIT = "etc/systemd/system/eks-satellite.service";
const MODES: Readonly<Record<string, string>> = {
  "etc/eks-satellite/config.yaml": "0644",
  "etc/eks-satellite/credentials": "0600",
  [UNIT]: "0644",
  "opt/eks-satellite/bin/node": "0755",
  "opt/eks-satellite/lib/eks-satellite.mjs": "0644",
  "opt/eks-satellite/lib/eks-satellite.mjs.map": "0644",
  "usr/local/bin/eks-satellite": "0755",
  "usr/share/doc/eks-satellite/config.example.yaml": "0644",
};

let mirror: Mirror;
before(async () => {
  mirror = await Mirror.start();
});
after(() => mirror.stop());

function install(machine: Machine, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const environment = { EKS_SATELLITE_BASE_URL: mirror.url, ...options.environment };
  return machine.install(args, { ...options, environment });
}

/** A machine with the older release installed and its service running. */
async function installed(): Promise<Machine> {
  template ??= firstInstall();
  return await (await template).copy();
}

let template: Promise<Machine> | undefined;
async function firstInstall(): Promise<Machine> {
  const machine = await Machine.create();
  const args = [...CLUSTER, "--version", OLD, "--credentials-file", machine.keysFile()];
  const { exitCode, stderr } = await install(machine, args);
  assert.equal(exitCode, 0, stderr);
  return machine;
}

function enforcedConfig(machine: Machine): unknown {
  return parse(machine.read("etc/eks-satellite/config.yaml"));
}

test("a first install takes the latest release, places files with their modes, starts the service, and ends with the status", async () => {
  const machine = await Machine.create();
  const args = [...CLUSTER, "--node-name=gpu-1", "--role-arn", ROLE, "--credentials-file", machine.keysFile()];
  const { exitCode, stdout, stderr } = await install(machine, args);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  for (const [path, mode] of Object.entries(MODES)) assert.equal(machine.mode(path), mode, path);
  assert.equal(machine.read("etc/eks-satellite/credentials"), KEYS);
  assert.deepEqual(enforcedConfig(machine), {
    cluster: { name: "demo", region: "us-west-2" },
    node: { name: "gpu-1" },
    credentials: { keysFile: "/etc/eks-satellite/credentials", assumeRole: { arn: ROLE } },
  });
  assert.deepEqual(machine.calls(), [
    "systemctl enable --quiet --no-reload eks-satellite.service",
    "systemctl start eks-satellite.service",
    "status",
  ]);
  assert.match(stdout, new RegExp(`\ninstall eks-satellite ${NEW.replaceAll(".", "\\.")}\n`));
  assert.match(stdout, /\n● ready Node gpu-1 is Ready\nThe log: journalctl -u eks-satellite -f$/);
  assert.ok(!machine.has("opt/eks-satellite.previous"));
});

test("a second run writes nothing and restarts nothing", async () => {
  const machine = await installed();
  const before = machine.picture();
  const args = [...CLUSTER, "--version", OLD, "--credentials-file", machine.keysFile()];
  const { exitCode, stdout } = await install(machine, args);
  assert.equal(exitCode, 0);
  assert.match(stdout, /eks-satellite 1\.0\.0 is installed, and nothing differs/);
  // The release is unpacked in /opt, to be compared, and removed again.
  assert.deepEqual({ ...machine.picture(), opt: "" }, { ...before, opt: "" });
  assert.deepEqual(machine.calls(), ["status"]);
});

test("an upgrade needs no arguments: configuration and keys stay, the service is restarted once, the earlier version is kept", async () => {
  const machine = await installed();
  const own = "# mine\nnode: { labels: { example.com/rack: r7 } }\n";
  const config = machine.read("etc/eks-satellite/config.yaml") + own;
  machine.write("etc/eks-satellite/config.yaml", config);
  const { exitCode, stdout } = await install(machine, []);
  assert.equal(exitCode, 0);
  assert.match(stdout, /replace eks-satellite 1\.0\.0 by 1\.1\.0/);
  assert.equal(machine.read("etc/eks-satellite/config.yaml"), config);
  assert.equal(machine.read("etc/eks-satellite/credentials"), KEYS);
  // The unit of the newer release differs, so systemd has to read it: once.
  assert.deepEqual(machine.calls(), ["systemctl daemon-reload", "systemctl restart eks-satellite.service", "status"]);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.1\.0/);
  assert.match(machine.read("opt/eks-satellite.previous/opt/eks-satellite/bin/node"), /1\.0\.0/);
  assert.ok(machine.has("opt/eks-satellite.previous/usr/local/bin/eks-satellite"));
});

test("an upgraded service that does not start gets its earlier version back", async () => {
  const machine = await installed();
  const unit = machine.read(UNIT);
  machine.breakNextStart();
  const { exitCode, stderr } = await install(machine, ["--version", NEW]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /systemctl restart eks-satellite\.service failed\n {2}→ .*journalctl/);
  assert.match(stderr, /putting eks-satellite 1\.0\.0 back/);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
  assert.equal(machine.read(UNIT), unit);
  assert.ok(!machine.has("opt/eks-satellite.previous"));
  assert.deepEqual(
    machine.calls().filter((call) => call.includes("restart")),
    Array(2).fill("systemctl restart eks-satellite.service"),
  );
});

test("an upgrade that breaks off while it places files gets its earlier version back, and the service goes on", async () => {
  const machine = await installed();
  const files = [UNIT, "usr/local/bin/eks-satellite", "opt/eks-satellite/bin/node"];
  const before = files.map((path) => machine.read(path));
  // The disk is full once, after the program and before the unit's last step.
  const broken = `${machine.root}/../state/broken-install`;
  machine.command(
    "install",
    `case "$*" in *.service.new) [ -e ${broken} ] || { touch ${broken}; exit 1; } ;; esac
exec /usr/bin/install "$@"`,
  );
  const { exitCode, stderr } = await install(machine, ["--version", NEW]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /installing eks-satellite 1\.1\.0: exit code 1 of: install -m /);
  assert.deepEqual(
    files.map((path) => machine.read(path)),
    before,
  );
  assert.ok(machine.calls().includes("systemctl restart eks-satellite.service"));
  machine.command("install", 'exec /usr/bin/install "$@"');
  assert.equal((await install(machine, ["--version", NEW])).exitCode, 0);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.1\.0/);
});

test("a release without a changed unit never reloads systemd: that takes GPUs from containers", async () => {
  const machine = await installed();
  machine.write("opt/eks-satellite/lib/eks-satellite.mjs", "broken");
  const { exitCode, stdout } = await install(machine, ["--version", OLD]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /put eks-satellite 1\.0\.0 in order\n {2}write .*lib\/eks-satellite\.mjs\n/);
  assert.deepEqual(machine.calls(), ["systemctl restart eks-satellite.service", "status"]);
});

test("documentation alone is written without a restart", async () => {
  const machine = await installed();
  machine.write("usr/share/doc/eks-satellite/README.md", "old");
  assert.equal((await install(machine, ["--version", OLD])).exitCode, 0);
  assert.notEqual(machine.read("usr/share/doc/eks-satellite/README.md"), "old");
  assert.deepEqual(machine.calls(), ["status"]);
});

test("an argument that differs changes that key alone, says so, and restarts the service", async () => {
  const machine = await installed();
  const config = `# mine\n${machine.read("etc/eks-satellite/config.yaml")}log: { level: debug } # loud\n`;
  machine.write("etc/eks-satellite/config.yaml", config, 0o640);
  const { exitCode, stdout } = await install(machine, ["--version", OLD, "--region", "eu-west-1"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /set .*config\.yaml: cluster\.region: us-west-2 → eu-west-1\n/);
  assert.equal(machine.read("etc/eks-satellite/config.yaml"), config.replace("us-west-2", "eu-west-1"));
  assert.equal(machine.mode("etc/eks-satellite/config.yaml"), "0640");
  assert.deepEqual(machine.calls(), ["systemctl restart eks-satellite.service", "status"]);
});

test("options can come from the environment", async () => {
  const machine = await Machine.create();
  const environment = {
    EKS_SATELLITE_CLUSTER: "demo",
    EKS_SATELLITE_REGION: "us-west-2",
    EKS_SATELLITE_NODE_NAME: "gpu-7",
    EKS_SATELLITE_VERSION: `v${OLD}`,
    EKS_SATELLITE_CREDENTIALS_FILE: machine.keysFile(),
  };
  assert.equal((await install(machine, [], { environment })).exitCode, 0);
  assert.deepEqual(enforcedConfig(machine), {
    cluster: { name: "demo", region: "us-west-2" },
    node: { name: "gpu-7" },
    credentials: { keysFile: "/etc/eks-satellite/credentials" },
  });
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
});

test("keys can come from standard input, and a file of keys that others can read is made private again", async () => {
  const machine = await installed();
  const fresh = KEYS.replace("AKIAEXAMPLE", "AKIAOTHER");
  const args = ["--version", OLD, "--credentials-file", "-"];
  const { exitCode, stdout, stderr } = await install(machine, args, { input: fresh });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.equal(machine.read("etc/eks-satellite/credentials"), fresh);
  assert.equal(machine.mode("etc/eks-satellite/credentials"), "0600");
  assert.doesNotMatch(stdout, /AKIAOTHER|example/);
  machine.write("etc/eks-satellite/credentials", fresh, 0o644);
  assert.equal((await install(machine, args, { input: fresh })).exitCode, 0);
  assert.equal(machine.mode("etc/eks-satellite/credentials"), "0600");
});

test("a file without both keys is refused before anything changes, and what it holds is not shown", async () => {
  const machine = await installed();
  const before = machine.picture();
  for (const content of ["[default]\naws_access_key_id = AKIAOTHER\n", "AWS_ACCESS_KEY_ID=AKIAOTHER\n"]) {
    const outcome = await install(machine, ["--credentials-file", machine.keysFile(content)]);
    assert.equal(outcome.exitCode, 1);
    assert.match(
      outcome.stderr,
      /keys lacks AWS_ACCESS_KEY_ID= or AWS_SECRET_ACCESS_KEY=\n {2}→ .*credentials\.profile/,
    );
    assert.doesNotMatch(outcome.stdout + outcome.stderr, /AKIAOTHER/);
  }
  assert.deepEqual({ ...machine.picture(), opt: "" }, { ...before, opt: "" });
});

test("a configuration that the program would not take is refused before anything changes", async () => {
  const machine = await installed();
  const before = machine.picture();
  const { exitCode, stderr } = await install(machine, ["--version", NEW, "--region", "Oregon"]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /cluster\.region: must be an AWS region such as us-east-1/);
  assert.match(stderr, /the configuration would not be valid; nothing was changed/);
  assert.deepEqual({ ...machine.picture(), opt: "" }, { ...before, opt: "" });
});

test("proxies are kept for the service: lines that are there stay, and only what is given changes", async () => {
  const machine = await Machine.create();
  machine.write("etc/eks-satellite/environment", "# ours\nNO_PROXY=10.0.0.0/8\nOTHER=1", 0o640);
  const args = [...CLUSTER, "--version", OLD, "--credentials-file", machine.keysFile()];
  const proxy = { HTTPS_PROXY: "http://user:word@127.0.0.1:3128" };
  assert.equal((await install(machine, args, { environment: proxy })).exitCode, 0);
  const first = "# ours\nNO_PROXY=10.0.0.0/8\nOTHER=1\nHTTPS_PROXY=http://user:word@127.0.0.1:3128\n";
  assert.equal(machine.read("etc/eks-satellite/environment"), first);
  assert.equal(machine.mode("etc/eks-satellite/environment"), "0640");

  assert.equal((await install(machine, args)).exitCode, 0);
  assert.equal(machine.read("etc/eks-satellite/environment"), first);

  machine.calls();
  const environment = { NO_PROXY: "127.0.0.1", NODE_EXTRA_CA_CERTS: "/etc/ssl/proxy.pem" };
  const { stdout } = await install(machine, args, { environment });
  assert.match(stdout, /set NO_PROXY in .*\n.*set NODE_EXTRA_CA_CERTS in /);
  assert.equal(
    machine.read("etc/eks-satellite/environment"),
    `${first.replace("10.0.0.0/8", "127.0.0.1")}NODE_EXTRA_CA_CERTS=/etc/ssl/proxy.pem\n`,
  );
  assert.deepEqual(machine.calls(), ["systemctl restart eks-satellite.service", "status"]);
});

test("a new file of proxies is private, for it may hold a password", async () => {
  const machine = await installed();
  const environment = { HTTPS_PROXY: "http://user:word@127.0.0.1:3128", NO_PROXY: "127.0.0.1" };
  assert.equal((await install(machine, ["--version", OLD], { environment })).exitCode, 0);
  assert.equal(machine.mode("etc/eks-satellite/environment"), "0600");
});

test("--dry-run prints every change and touches nothing, on a new machine and before an upgrade", async () => {
  const fresh = await Machine.create();
  const empty = fresh.picture();
  const environment = { NO_PROXY: "127.0.0.1" };
  const args = [...CLUSTER, "--dry-run", "--credentials-file", fresh.keysFile()];
  const first = await install(fresh, args, { environment });
  assert.equal(first.exitCode, 0, first.stderr);
  for (const path of Object.keys(MODES).filter((path) => !path.endsWith("config.yaml"))) {
    assert.ok(first.stdout.includes(`would write ${join(fresh.root, path)}`), path);
  }
  assert.match(first.stdout, /would set .*config\.yaml: cluster\.name: demo\n/);
  assert.match(first.stdout, /would set NO_PROXY in .*environment\n/);
  assert.match(first.stdout, /would start or restart eks-satellite\.service$/);
  assert.deepEqual(fresh.picture(), empty);

  const machine = await installed();
  const before = machine.picture();
  const second = await install(machine, ["--dry-run"]);
  assert.match(second.stdout, /would replace eks-satellite 1\.0\.0 by 1\.1\.0/);
  assert.deepEqual([machine.picture(), machine.calls()], [before, []]);
});

test("--skip-start neither enables nor starts, needs no systemd and no keys, and the next run starts the service", async () => {
  const machine = await Machine.create();
  rmSync(join(machine.root, "run/systemd"), { recursive: true });
  const { exitCode, stdout } = await install(machine, [...CLUSTER, "--skip-start"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /systemctl enable --now eks-satellite\.service$/);
  assert.ok(machine.has("usr/local/bin/eks-satellite"));
  assert.deepEqual(machine.calls(), []);
  mkdirSync(join(machine.root, "run/systemd/system"), { recursive: true });
  await install(machine, []);
  assert.ok(machine.calls().includes("systemctl start eks-satellite.service"));
});

test("an upgrade that was not started is made up for by the next run, though no file differs then", async () => {
  const machine = await installed();
  await install(machine, ["--version", NEW, "--skip-start"]);
  assert.deepEqual(machine.calls(), []);
  await install(machine, ["--version", NEW]);
  assert.deepEqual(machine.calls(), ["systemctl daemon-reload", "systemctl restart eks-satellite.service", "status"]);
  await install(machine, ["--version", NEW]);
  assert.deepEqual(machine.calls(), ["status"]);
});

test("a node that is not Ready in time ends with exit 2, the status and what to do", async () => {
  const machine = await Machine.create();
  machine.answer("status", 'echo "✗ not ready: ApiUnauthorized"; exit 1');
  const args = [...CLUSTER, "--wait", "1", "--credentials-file", machine.keysFile()];
  const { exitCode, stdout, stderr } = await install(machine, args);
  assert.equal(exitCode, 2);
  assert.match(stdout, /waiting, 1 s left: ✗ not ready: ApiUnauthorized\n/);
  assert.match(stdout, /\n✗ not ready: ApiUnauthorized\nThe log: journalctl/);
  assert.match(stderr, /waiting until the node is Ready: it is not after 1 s; .*\n {2}→ eks-satellite check/);
  assert.ok(machine.has("opt/eks-satellite/bin/node"), "it stays installed");
});

test("waiting goes on until the node is Ready, and --wait 0 does not wait", async () => {
  const machine = await Machine.create();
  machine.answer(
    "status",
    `n=${machine.root}/../state/asked; echo >> $n; [ "$(wc -l < $n)" -ge 3 ] || { echo not yet; exit 3; }; echo ready`,
  );
  const args = [...CLUSTER, "--credentials-file", machine.keysFile()];
  const { exitCode, stdout } = await install(machine, args);
  assert.equal(exitCode, 0);
  assert.match(stdout, /s left: not yet\nready\nThe log/);
  machine.answer("status", "echo not yet; exit 1");
  machine.calls();
  assert.equal((await install(machine, ["--wait", "0"])).exitCode, 0);
  assert.deepEqual(machine.calls(), ["status"]);
});

test("a release from a file installs without a network", async () => {
  const machine = await Machine.create();
  const file = join(mirror.folder, "download", `v${OLD}`, `eks-satellite-${OLD}-linux-amd64.tar.gz`);
  assert.ok(existsSync(file));
  mirror.requests.length = 0;
  const args = [...CLUSTER, "--from", file, "--credentials-file", machine.keysFile()];
  const { exitCode, stderr } = await install(machine, args);
  assert.deepEqual([exitCode, stderr, mirror.requests], [0, "", []]);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
});
