// What install.sh does with what it is given: keys of the configuration, AWS keys, proxies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS, Machine } from "./install-machine.ts";
import { NEW, OLD } from "./install-mirror.ts";

import { CLUSTER, enforcedConfig, install, installed } from "./install-runner.ts";

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
  assert.match(stderr, /--region "Oregon": must be an AWS region such as us-east-1/);
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
