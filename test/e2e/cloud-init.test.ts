// The example of user data, by the real cloud-init: a machine that was only launched is a node, and is one again after a reboot.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import { down } from "../sandbox/down.ts";
import { awsCaPath } from "../sandbox/machine-tree.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, nodeName, region, roleArn } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { ReleaseMirror } from "./release-mirror.ts";

const FOLDER = join(cacheFolder(), "cloud-init-sandbox");
const EXAMPLE = join(import.meta.dirname, "../../packaging/cloud-init.example.yaml");
const SCRIPT_URL = "https://raw.githubusercontent.com/eks-satellite/eks-satellite/main/packaging/install.sh";
/** What makes sure that the script comes over TLS; the sandbox's mirror has none. */
const TLS_OPTIONS = "--proto '=https' --tlsv1.2 ";
const VERSION = "0.1.0";
const SEED = "/var/lib/cloud/seed/nocloud";
/** Where cloud-init finds its user data, and what a sandbox's image has otherwise than a cloud's. */
const IMAGE = "datasource_list: [NoCloud]\nnetwork: { config: disabled }\nlocale: false\n";
/** Programs that a fresh image lacks: the daemon has to bring them while cloud-init waits for the node. */
const MISSING = ["conntrack", "socat"];

let sandbox: Sandbox;
let mirror: ReleaseMirror;

before(async () => {
  await down(FOLDER);
  mirror = await ReleaseMirror.create([VERSION]);
  await mirror.setLatest(VERSION);
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
  await makeImage(await mirror.listen(sandbox.addresses.uplink.host));
});
after(async () => {
  await mirror?.close();
  await down(FOLDER);
});

const sh = async (script: string, input?: string) =>
  (
    await sandbox.box(["/bin/sh", "-ec", script], {
      ...{ timeoutMs: 180_000 },
      ...(input === undefined ? {} : { input }),
    })
  ).stdout.trim();
const write = (path: string, content: string, mode = "644") =>
  sh(`mkdir -p "$(dirname ${path})" && cat > ${path} && chmod ${mode} ${path}`, content);
const output = () => sh("cat /var/log/cloud-init-output.log");
const hasMissing = async () => {
  const found = await Promise.all(
    MISSING.map((program) => sandbox.box(["/bin/sh", "-c", `command -v ${program}`], { mayFail: true })),
  );
  return found.every(({ exitCode }) => exitCode === 0) ? true : undefined;
};
const cloudInit = async () => (await sandbox.box(["cloud-init", "status", "--long"], { mayFail: true })).stdout;

/** Makes of the machine an image with cloud-init and the user data, on which nothing else was done. */
async function makeImage(url: string): Promise<void> {
  await sh(`export DEBIAN_FRONTEND=noninteractive
    apt-get purge --yes --quiet=2 ${MISSING.join(" ")} >/dev/null
    apt-get update --quiet=2
    apt-get install --yes --quiet=2 --no-install-recommends cloud-init >/dev/null`);
  await write("/etc/cloud/cloud.cfg.d/99-sandbox.cfg", IMAGE);
  await write(`${SEED}/user-data`, await fillIn(`${url}/install.sh`), "600");
  await write(`${SEED}/meta-data`, "instance-id: launched-1\n");
  // The sandbox's own, which the example cannot know: where releases are, its AWS's certificate authority, its addresses.
  const releases = `[Manager]\nDefaultEnvironment=EKS_SATELLITE_BASE_URL=${url} EKS_SATELLITE_ALLOW_HTTP=yes\n`;
  await write("/etc/systemd/system.conf.d/releases.conf", releases);
  await write("/etc/eks-satellite/environment", `NODE_EXTRA_CA_CERTS=${awsCaPath}\n`);
  const runtime = { plugins: { "io.containerd.grpc.v1.cri": { restrict_oom_score_adj: true } } };
  const particular = { node: { ip: sandbox.addresses.node }, containerd: { config: runtime } };
  await write("/etc/eks-satellite/config.yaml", stringify(particular));
}

/** The example with its placeholders filled in, and nothing else changed. @throws when one is not in it, or one is left */
async function fillIn(scriptUrl: string): Promise<string> {
  const { accessKeyId, secretAccessKey } = sandbox.facts;
  const replacements: readonly (readonly [string, string])[] = [
    [TLS_OPTIONS, ""],
    [SCRIPT_URL, scriptUrl],
    ["CHANGE-access-key-id", accessKeyId],
    ["CHANGE-secret-access-key", secretAccessKey],
    ["CHANGE-cluster", clusterName],
    ["CHANGE-region", region],
    ["CHANGE-node-name", nodeName],
    ["CHANGE-role-arn", roleArn],
  ];
  let text = await readFile(EXAMPLE, "utf8");
  for (const [placeholder, ours] of replacements) {
    assert.ok(text.includes(placeholder), `the example does not say ${placeholder}`);
    text = text.replace(placeholder, ours);
  }
  assert.doesNotMatch(text, /CHANGE-/);
  return text;
}

/** Processes of the machine with the secret key in their arguments; grep itself reads it from its standard input. */
const argumentsWithSecret = () =>
  sh("grep --files-with-matches --text --file=- /proc/[0-9]*/cmdline 2>/dev/null || true", secretLine());
const secretLine = () => `${sandbox.facts.secretAccessKey}\n`;

test("the example is valid to cloud-init's own schema", async () => {
  assert.match(await sh(`cloud-init schema --config-file ${SEED}/user-data 2>&1`), /^Valid cloud-config/m);
});

test("a machine that was launched with it is a Ready node with nobody's help, and cloud-init says that it is done", async () => {
  await sandbox.reboot();
  const exposed: string[] = [];
  const wait = { what: "cloud-init to end", deadlineMs: 240_000, intervalMs: 100, explain: output };
  const ended = await waitFor(wait, async () => {
    exposed.push(...(await argumentsWithSecret()).split("\n").filter(Boolean));
    const status = await cloudInit();
    return /^status: (done|error)/m.test(status) ? status : undefined;
  });
  assert.match(ended, /^status: done/m, `${ended}\n${await output()}`);
  await sh("cloud-init status --wait");
  assert.match(await output(), /● ready Node satellite-1 is Ready/);
  assert.deepEqual(exposed, [], "no process had the secret key in its arguments");
  await sandbox.waitForNode();
  assert.equal(await sh("systemctl is-enabled eks-satellite"), "enabled");
  // apt-get is at work beside the node's becoming Ready, which needs none of them.
  await waitFor({ what: MISSING.join(" and "), deadlineMs: 120_000, explain: output }, hasMissing);
});

test("the keys are root's alone wherever they are, and in no log", async () => {
  assert.equal(await sh("stat --format=%a:%U /etc/eks-satellite/credentials"), "600:root");
  // As a user who owns nothing: what it can read, everybody can.
  const readable = await sh(
    "setpriv --reuid=65534 --regid=65534 --clear-groups grep -rlI --file=- /etc /root /run /tmp /var /opt /home 2>/dev/null || true",
    secretLine(),
  );
  assert.equal(readable, "");
  assert.equal(await sh("grep -rl --file=- /var/log || true", secretLine()), "");
  assert.equal(
    await sh("cat > /run/secret && journalctl | grep --count --file=/run/secret || true", secretLine()),
    "0",
  );
});

test("a reboot brings the node back, and installs nothing again", async () => {
  const seen = async () => [
    await sh("stat --format=%y /opt/eks-satellite/bin/node /etc/eks-satellite/credentials"),
    await sh("grep --count 'Node satellite-1 is Ready' /var/log/cloud-init-output.log"),
  ];
  const before = await seen();
  await sandbox.kubectl(["delete", "node", nodeName]);
  await sandbox.reboot();
  await sandbox.waitForNode();
  await sh("cloud-init status --wait");
  assert.deepEqual(await seen(), before);
});
