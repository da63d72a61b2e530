// What `user-data` prints, by the real cloud-init: a machine that was only launched is a node, and is one again after a reboot.
// EKS_SATELLITE_DEBIAN takes another suite than bookworm; bullseye, with a newer containerd, stands for Ubuntu 20.04.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { down } from "../sandbox/down.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, debianSuites, nodeName, region, roleArn } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { ReleaseMirror } from "./release-mirror.ts";

const SUITE = debianSuites.find((suite) => suite === process.env.EKS_SATELLITE_DEBIAN) ?? "bookworm";
const FOLDER = join(cacheFolder(), `cloud-init-sandbox${SUITE === "bookworm" ? "" : `-${SUITE}`}`);
/** Debian 11's own is too old for kubelet; what users rent with Ubuntu 20.04 has Docker's. */
const CONTAINERD = SUITE === "bullseye" ? "1.7.24" : "debian";
const PROGRAM = join(import.meta.dirname, "../../agent/main.ts");
const VERSION = "0.1.0";
const SEED = "/var/lib/cloud/seed/nocloud";
/** Where cloud-init finds its user data, and what a sandbox's image has otherwise than a cloud's: no sshd among it. */
const IMAGE = "datasource_list: [NoCloud]\nnetwork: { config: disabled }\nlocale: false\nssh_genkeytypes: []\n";
/** Programs that a fresh image lacks: the daemon has to bring them while cloud-init waits for the node. */
const MISSING = ["conntrack", "socat"];

/** Values that would leave their places in a shell, or in a YAML that was not written for PyYAML. */
const NASTY = [
  'kubelet.flags.a=it\'s "q" $HOME $(id) `id` \\',
  "kubelet.flags.b=#cloud-config\n- x: |\n END\n\n",
  "kubelet.flags.c=yes",
  "kubelet.flags.d=0755 # no comment",
  "kubelet.flags.e={{ jinja }} %{x} \ttab \u00df\u{1f600}",
];
const NASTY_PATH = "/root/nasty-user-data";

let sandbox: Sandbox;
let mirror: ReleaseMirror;
/** Of the mirror. */
let url: string;

before(async () => {
  await down(FOLDER);
  mirror = await ReleaseMirror.create([VERSION]);
  await mirror.setLatest(VERSION);
  ({ sandbox } = await up({ folder: FOLDER, agent: false, debian: SUITE, containerd: CONTAINERD }));
  url = await mirror.listen(sandbox.addresses.uplink.host);
  await makeImage();
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

/** What only the sandbox needs: the address on its link, and what its host forbids to containerd. */
const PARTICULAR = () => [
  `node.ip=${sandbox.addresses.node}`,
  'containerd.config.plugins."io.containerd.grpc.v1.cri".restrict_oom_score_adj=true',
];

/** Runs the command as a user on a laptop, whose keys are in no file. */
async function userData({
  settings = [],
  args: more = [],
}: {
  settings?: readonly string[];
  args?: readonly string[];
} = {}): Promise<string> {
  const { accessKeyId, secretAccessKey } = sandbox.facts;
  const args = [
    ...["--cluster", clusterName, "--region", region, "--node-name", nodeName, "--role-arn", roleArn],
    ...["--eks-satellite-version", VERSION, "--ca", join(FOLDER, "pki/aws-ca.crt"), "--credentials-file", "-"],
    ...[...PARTICULAR(), ...settings].flatMap((setting) => ["--set", setting]),
    ...more,
  ];
  const { stdout } = await execa(process.execPath, [PROGRAM, "user-data", ...args], {
    input: `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
    env: {
      EKS_SATELLITE_BASE_URL: url,
      EKS_SATELLITE_ALLOW_HTTP: "yes",
      EKS_SATELLITE_ALLOWED_SIGNERS: mirror.allowedSigners,
    },
    stripFinalNewline: false,
  });
  return stdout;
}

/** Makes of the machine an image with cloud-init and the user data, on which nothing else was done. */
async function makeImage(): Promise<void> {
  await sh(`export DEBIAN_FRONTEND=noninteractive
    apt-get purge --yes --quiet=2 ${MISSING.join(" ")} >/dev/null
    apt-get update --quiet=2
    apt-get install --yes --quiet=2 --no-install-recommends cloud-init >/dev/null`);
  await write("/etc/cloud/cloud.cfg.d/99-sandbox.cfg", IMAGE);
  await write(`${SEED}/user-data`, await userData(), "600");
  await write(`${SEED}/meta-data`, "instance-id: launched-1\n");
  await write(NASTY_PATH, await userData({ settings: NASTY }), "600");
}

/** Processes of the machine with the secret key in their arguments; grep itself reads it from its standard input. */
const argumentsWithSecret = () =>
  sh("grep --files-with-matches --text --file=- /proc/[0-9]*/cmdline 2>/dev/null || true", secretLine());
const secretLine = () => `${sandbox.facts.secretAccessKey}\n`;

/** The words of cloud-init's own judge, which before 22.2 was a command of developers. */
const verdict = (path: string) =>
  sh(`cloud-init schema --help >/dev/null 2>&1 && command=schema || command="devel schema"
    cloud-init $command --config-file ${path} 2>&1 || true`);

test("it is valid to cloud-init's own schema, whatever values are in it", async () => {
  for (const path of [`${SEED}/user-data`, NASTY_PATH])
    assert.match(await verdict(path), /^Valid (cloud-config|schema)/m, path);
  // Without Python's jsonschema everything is valid.
  await write("/root/invalid-user-data", "#cloud-config\nruncmd: 7\n");
  assert.match(await verdict("/root/invalid-user-data"), /runcmd.* 7 is not/);
});

test("cloud-init's own reader of YAML takes from it what was given, byte for byte", async () => {
  const script = `import json, sys, yaml\njson.dump(yaml.safe_load(open("${NASTY_PATH}")), sys.stdout)\n`;
  const { write_files: files, runcmd } = JSON.parse(await sh("python3 -", script));
  const flags = Object.fromEntries(NASTY.map((setting) => [setting.charAt(14), setting.slice(16)]));
  assert.deepEqual(parse(files[0].content).kubelet.flags, flags);
  assert.equal(
    files[1].content,
    `AWS_ACCESS_KEY_ID=${sandbox.facts.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretLine()}`,
  );
  assert.equal(runcmd.length, 1);
});

test("a machine that was launched with it is a Ready node without further help, and cloud-init says that it is done", async () => {
  await sandbox.reboot();
  const exposed: string[] = [];
  const wait = { what: "cloud-init to end", deadlineMs: 240_000, intervalMs: 100, explain: output };
  const ended = await waitFor(wait, async () => {
    exposed.push(...(await argumentsWithSecret()).split("\n").filter(Boolean));
    const status = await cloudInit();
    return /^status: (done|error)/m.test(status) ? status : undefined;
  });
  assert.match(ended, /^status: done/m, `${ended}\n${await output()}`);
  // From 24.1 on it says so where something went wrong, and it went on.
  assert.doesNotMatch(ended, /degraded/, ended);
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

test("the script of the same node, through a shell as over SSH, puts in force what differs, and nothing the second time", async () => {
  const script = await userData({ settings: ["kubelet.maxPods=20"], args: ["--format", "script"] });
  const run = () => sh("bash -s 2>&1", script);
  assert.match(await run(), /● ready Node satellite-1 is Ready/);
  assert.match(await sh("cat /etc/eks-satellite/config.yaml"), /maxPods: 20/);
  assert.match(await run(), /^this text was put in force before/);
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
  await sandbox.box(["cloud-init", "status", "--wait"], { mayFail: true });
  assert.deepEqual(await seen(), before);
});
