// What the installer refuses on a bare machine, and that the machine is then as it was; what it does is in life.test.ts.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { down } from "../sandbox/down.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, nodeName, region, roleArn } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { ReleaseMirror, SIGNERS, tarballOf } from "./release-mirror.ts";

const FOLDER = join(cacheFolder(), "install-sandbox");
const TOP = join(import.meta.dirname, "../..");
const VERSION = "0.1.0";
const OTHER_SIGNERS = "/root/other_signers";

let sandbox: Sandbox;
let mirror: ReleaseMirror;
let url: string;

before(async () => {
  await down(FOLDER);
  mirror = await ReleaseMirror.create([VERSION]);
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
  url = await mirror.listen(sandbox.addresses.uplink.host);
  await mirror.introduce(sandbox);
  await sh(
    `ssh-keygen -q -t ed25519 -N '' -f /root/k && echo "eks-satellite-release $(cat /root/k.pub)" > ${OTHER_SIGNERS}`,
  );
  await sandbox.box(["/bin/sh", "-c", "cat > /root/keys && chmod 600 /root/keys"], {
    input: `AWS_ACCESS_KEY_ID=${sandbox.facts.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${sandbox.facts.secretAccessKey}\n`,
  });
});
after(async () => {
  await mirror?.close();
  await down(FOLDER);
});

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** `curl … | bash -s -- …`, with the exit code true through the pipe. */
async function install(args: readonly string[], script?: string): Promise<Outcome> {
  const text = script ?? (await readFile(join(TOP, "packaging/install.sh"), "utf8"));
  // The mirror is on this machine's own network, and signs with a key of its own.
  const environment = ["EKS_SATELLITE_ALLOW_HTTP=yes", `EKS_SATELLITE_ALLOWED_SIGNERS=${SIGNERS}`];
  const command = [
    "/usr/bin/env",
    ...environment,
    "/bin/bash",
    "-c",
    'set -o pipefail; cat | bash -s -- "$@"',
    "install",
    ...args,
  ];
  const { stdout, stderr, exitCode } = await sandbox.box(command, { mayFail: true, input: text, timeoutMs: 400_000 });
  return { exitCode, output: `${stdout}\n${stderr}` };
}

const CLUSTER = ["--cluster", clusterName, "--region", region];
const ALL = [...CLUSTER, "--node-name", nodeName, "--role-arn", roleArn, "--credentials-file", "/root/keys"];
const fromMirror = () => ["--from", `${url}/download/v${VERSION}/${tarballOf(VERSION)}`];
const sh = async (script: string) => (await sandbox.box(["/bin/sh", "-ec", script])).stdout.trim();

/** Everything that the installer might touch. */
const picture = () =>
  sh("find /opt /etc/eks-satellite /usr/local /etc/systemd /usr/share/doc/eks-satellite 2>/dev/null | sort");

const REFUSALS: readonly (readonly [
  what: string,
  args: () => readonly string[],
  says: RegExp,
  spoil?: RequestListener,
])[] = [
  ["an option that does not exist", () => ["--clustre", "x"], /there is no option --clustre/],
  ["an option without its value", () => ["--cluster"], /--cluster needs a value/],
  ["keys on the command line", () => ["--secret-access-key", "x"], /can read the arguments .*\n.*--credentials-file/],
  ["neither cluster nor configuration", () => fromMirror(), /this needs --cluster --region --credentials-file/],
  [
    "keys from a standard input that is the script",
    () => [...CLUSTER, "--credentials-file", "-"],
    /standard input is this script/,
  ],
  ["a region that is none", () => [...ALL, "--region", "Oregon", ...fromMirror()], /must be an AWS region/],
  [
    "a release that is not there",
    () => [...ALL, "--from", `${url}/none.tar.gz`],
    /downloading SHA256SUMS: the server answered 404\n {2}URL: http/,
  ],
  [
    "a page in place of a release",
    () => [...ALL, ...fromMirror()],
    /SHA256SUMS has no checksum of .* its first line is: <html>/,
    (_, response) => void response.end("<html>welcome to the hotel</html>"),
  ],
  [
    "a release that was changed on the way",
    () => [...ALL, ...fromMirror(), "--sha256", "0".repeat(64)],
    /its SHA-256 is [0-9a-f]{64}, and must be 0{64}/,
  ],
  [
    "a release that the project has not signed",
    () => [...ALL, ...fromMirror(), "--allowed-signers", OTHER_SIGNERS],
    /it is by ED25519 key SHA256:.*, which is none of the keys of \/root\/other_signers/,
  ],
  ["a tarball without sums beside it", () => [...ALL, "--from", "/root/keys"], /there is no file \/root\/SHA256SUMS/],
];
for (const [what, args, says, fault] of REFUSALS) {
  test(`${what} is refused, and the machine is as it was`, async () => {
    const untouched = await picture();
    mirror.spoil = fault;
    const { exitCode, output } = await install(args()).finally(() => {
      mirror.spoil = undefined;
    });
    assert.notEqual(exitCode, 0, output);
    assert.match(output, says);
    assert.equal(await picture(), untouched);
  });
}

test("an unsupported system is refused with what it is", async () => {
  await sh(
    "cp /etc/os-release /root/os-release && printf 'ID=fedora\\nVERSION_ID=42\\n' > /tmp/o && mount --bind /tmp/o /etc/os-release",
  );
  const { exitCode, output } = await install(ALL).finally(() => sh("umount /etc/os-release"));
  assert.notEqual(exitCode, 0);
  assert.match(output, /the operating system is fedora 42 .*\n.*Ubuntu 20\.04/);
});

test("a script that was cut off anywhere does nothing", async () => {
  const untouched = await picture();
  const text = await readFile(join(TOP, "packaging/install.sh"), "utf8");
  for (const share of [0.2, 0.5, 0.9, 0.99]) await install(ALL, text.slice(0, Math.floor(text.length * share)));
  assert.equal(await picture(), untouched);
});

test("a dry run shows what would be written, and touches nothing", async () => {
  const untouched = await picture();
  const { exitCode, output } = await install([...ALL, ...fromMirror(), "--dry-run"]);
  assert.equal(exitCode, 0, output);
  assert.match(output, /would write \/opt\/eks-satellite\/bin\/node/);
  assert.match(output, /cluster\.name: sandbox/);
  assert.equal(await picture(), untouched);
});
