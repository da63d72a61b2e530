// The release for arm64 on a machine of arm64, which QEMU emulates: its installer makes the machine a Ready node that serves a page.
// No stage of scripts/test has it: it takes 17 min, and 50 more the first time. It prints how long each step took.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import { ReleaseMirror, SIGNERS, tarballOf } from "../e2e/release-mirror.ts";
import { down } from "../sandbox/down.ts";
import { configPath } from "../sandbox/install-agent.ts";
import { awsCaPath } from "../sandbox/machine-tree.ts";
import { checkNode } from "../sandbox/report.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, nodeName, region, roleArn } from "../sandbox/state.ts";
import { Progress } from "../sandbox/step.ts";
import { up } from "../sandbox/up.ts";
import { renderWebDeployment, webName } from "../sandbox/workload.ts";

const FOLDER = join(cacheFolder(), "arm64-sandbox");
const VERSION = "0.1.0";
const KEYS = "/root/keys";
/** What the installer and the node may take, each. */
const INSTALL_SECONDS = 900;
const READY_SECONDS = 900;

const progress = new Progress(process.stdout);
let sandbox: Sandbox;
let mirror: ReleaseMirror;
let url: string;

before(async () => {
  await down(FOLDER);
  mirror = await progress.step("the release for arm64", () => ReleaseMirror.create([VERSION], "arm64"));
  const choices = { machine: "vm", arch: "arm64", network: "direct" } as const;
  ({ sandbox } = await up({ ...choices, folder: FOLDER, agent: false, progress }));
  url = await mirror.listen(sandbox.addresses.uplink.host);
  await layWhatIsTheSandboxs();
});
after(async () => {
  await mirror?.close();
  await down(FOLDER);
  const lines = progress.times.map(({ title, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${title}\n`);
  process.stdout.write(`${lines.join("")}${progress.elapsedSeconds.toFixed(1).padStart(7)} s  all together\n`);
});

/** The rest is the installer's, and its documentation's. */
async function layWhatIsTheSandboxs(): Promise<void> {
  const { machine, facts, addresses } = sandbox;
  await mirror.introduce(sandbox);
  await machine.write("/etc/eks-satellite/environment", `NODE_EXTRA_CA_CERTS=${awsCaPath}\n`);
  // An emulated processor needs more than the minute that the daemon's own check has.
  await machine.write(configPath, stringify({ node: { ip: addresses.node, check: "off" } }));
  const keys = `AWS_ACCESS_KEY_ID=${facts.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${facts.secretAccessKey}\n`;
  await machine.write(KEYS, keys, 0o600);
}

async function install(): Promise<string> {
  const environment = ["EKS_SATELLITE_ALLOW_HTTP=yes", `EKS_SATELLITE_ALLOWED_SIGNERS=${SIGNERS}`];
  const args = [
    ...["--from", `${url}/download/v${VERSION}/${tarballOf(VERSION, "arm64")}`, "--wait", String(READY_SECONDS)],
    ...["--cluster", clusterName, "--region", region, "--node-name", nodeName, "--role-arn", roleArn],
    ...["--credentials-file", KEYS],
  ];
  const input = await readFile(join(import.meta.dirname, "../../packaging/install.sh"), "utf8");
  const { stdout, stderr, exitCode } = await sandbox.box(["env", ...environment, "bash", "-s", "--", ...args], {
    ...{ mayFail: true, input, timeoutMs: (INSTALL_SECONDS + READY_SECONDS) * 1000 },
  });
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
  return stdout;
}

const said = async (...command: readonly string[]) => (await sandbox.box(command)).stdout;

test("the released package for arm64 makes the machine a Ready node, and the node serves its page", async () => {
  assert.equal(await said("uname", "--machine"), "aarch64");
  assert.match(
    await progress.step("the installer, until the node is Ready", install),
    /● ready Node satellite-1 is Ready/,
  );
  assert.equal(await said("/opt/eks-satellite/bin/node", "--print", "process.arch"), "arm64");
  await progress.step("node Ready", () => sandbox.waitForNode(undefined, READY_SECONDS * 1000));
  await progress.step("Deployment available", async () => {
    await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
    await sandbox.kubectl(["rollout", "status", `deployment/${webName}`, `--timeout=${READY_SECONDS}s`]);
  });
  const checks = await progress.step("page, logs and exec", () => checkNode(sandbox));
  assert.deepEqual(
    checks.filter(({ ok }) => !ok),
    [],
  );
  process.stdout.write(`${await sandbox.kubectl(["get", "node", "--label-columns=kubernetes.io/arch"])}\n`);
  const kinds = "jsonpath={.items[*].status.nodeInfo['architecture','operatingSystem']}";
  assert.equal(await sandbox.kubectl(["get", "node", `--output=${kinds}`]), "arm64 linux");
});
