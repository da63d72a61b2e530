// What `user-data` prints, by the real cloud-init: a machine that was only launched is a node, and is one again after a reboot.
// EKS_SATELLITE_DEBIAN takes another suite than bookworm; bullseye, with a newer containerd, stands for Ubuntu 20.04.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { down } from "../sandbox/down.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, debianSuites, nodeName } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import {
  cloudInitOutput,
  cloudInitStatus,
  hasMissing,
  LAUNCH_VERSION,
  MISSING,
  makeImage,
  renderUserData,
  SEED,
} from "./launched.ts";
import { ReleaseMirror } from "./release-mirror.ts";

const SUITE = debianSuites.find((suite) => suite === process.env.EKS_SATELLITE_DEBIAN) ?? "bookworm";
const FOLDER = join(cacheFolder(), `cloud-init-sandbox${SUITE === "bookworm" ? "" : `-${SUITE}`}`);
/** Debian 11's own is too old for kubelet; what users rent with Ubuntu 20.04 has Docker's. */
const CONTAINERD = SUITE === "bullseye" ? "1.7.24" : "debian";
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
  mirror = await ReleaseMirror.create([LAUNCH_VERSION]);
  await mirror.setLatest(LAUNCH_VERSION);
  ({ sandbox } = await up({ folder: FOLDER, agent: false, debian: SUITE, containerd: CONTAINERD }));
  url = await mirror.listen(sandbox.addresses.uplink.host);
  await makeImage({ sandbox }, await userData());
  await write(NASTY_PATH, await userData({ settings: NASTY }), "600");
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
/** What only the sandbox needs: the address on its link, and what its host forbids to containerd. */
const settings = () => [
  `node.ip=${sandbox.addresses.node}`,
  'containerd.config.plugins."io.containerd.grpc.v1.cri".restrict_oom_score_adj=true',
];

const userData = (more: Parameters<typeof renderUserData>[1] = {}) =>
  renderUserData({ sandbox, mirror, url, settings: settings() }, more);

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
  const wait = {
    what: "cloud-init to end",
    deadlineMs: 240_000,
    intervalMs: 100,
    explain: () => cloudInitOutput(sandbox),
  };
  const ended = await waitFor(wait, async () => {
    exposed.push(...(await argumentsWithSecret()).split("\n").filter(Boolean));
    const status = await cloudInitStatus(sandbox);
    return /^status: (done|error)/m.test(status) ? status : undefined;
  });
  assert.match(ended, /^status: done/m, `${ended}\n${await cloudInitOutput(sandbox)}`);
  // From 24.1 on it says so where something went wrong, and it went on.
  assert.doesNotMatch(ended, /degraded/, ended);
  assert.match(await cloudInitOutput(sandbox), /● ready Node satellite-1 is Ready/);
  assert.deepEqual(exposed, [], "no process had the secret key in its arguments");
  await sandbox.waitForNode();
  assert.equal(await sh("systemctl is-enabled eks-satellite"), "enabled");
  // apt-get is at work beside the node's becoming Ready, which needs none of them.
  await waitFor({ what: MISSING.join(" and "), deadlineMs: 120_000, explain: () => cloudInitOutput(sandbox) }, () =>
    hasMissing(sandbox),
  );
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
