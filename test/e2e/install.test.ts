// The one line of README on a bare machine, from a mirror of a release: installed, run again, upgraded, taken away.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import { ARCHITECTURES } from "../../scripts/release/architecture.ts";
import { fetchNodePackage, readNodePin, unpackNode } from "../../scripts/release/node-package.ts";
import { makeRelease } from "../../scripts/release/release.ts";
import { down } from "../sandbox/down.ts";
import { awsCaPath } from "../sandbox/machine-tree.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, nodeName, region, roleArn } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { renderWebDeployment } from "../sandbox/workload.ts";

const FOLDER = join(cacheFolder(), "install-sandbox");
const TOP = join(import.meta.dirname, "../..");
const [OLD, NEW] = ["0.0.9", "0.1.0"] as const;
const tarballOf = (version: string) => `eks-satellite-${version}-linux-amd64.tar.gz`;

let sandbox: Sandbox;
let releases: string;
let mirror: string;
/** What the mirror does with a path in place of serving it. */
let spoil: RequestListener | undefined;
const server = createServer(async (request, response) => {
  if (spoil !== undefined) return spoil(request, response);
  const path = join(releases, request.url ?? "");
  const content = await readFile(path).catch(() => undefined);
  response.statusCode = content === undefined ? 404 : 200;
  response.end(content);
});

before(async () => {
  await down(FOLDER);
  releases = await mkdtemp(join(tmpdir(), "eks-satellite-mirror-"));
  await Promise.all([OLD, NEW].map(release));
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
  await new Promise<void>((resolve) => server.listen(0, sandbox.addresses.uplink.host, resolve));
  mirror = `http://${sandbox.addresses.uplink.host}:${(server.address() as AddressInfo).port}`;
  await sandbox.box(["/bin/sh", "-c", "cat > /root/keys && chmod 600 /root/keys"], {
    input: `AWS_ACCESS_KEY_ID=${sandbox.facts.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${sandbox.facts.secretAccessKey}\n`,
  });
});
after(async () => {
  server.close();
  await rm(releases, { recursive: true, force: true });
  await down(FOLDER);
});

/** A release of this tree under a version, in a folder of the mirror by that name. */
async function release(version: string): Promise<void> {
  await makeRelease({
    ...{ top: TOP, version, architectures: ARCHITECTURES.filter(({ name }) => name === "amd64"), timeSeconds: 1 },
    takeNode: async (architecture, folder) => {
      const pin = await readNodePin(TOP, architecture);
      const archive = await fetchNodePackage(TOP, pin, join(homedir(), ".cache/eks-satellite/node-packages"));
      return unpackNode(archive, pin.version, folder);
    },
    output: join(releases, version),
  });
}

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** `curl … | bash -s -- …`, with the exit code true through the pipe. */
async function install(args: readonly string[], script?: string): Promise<Outcome> {
  const text = script ?? (await readFile(join(TOP, "packaging/install.sh"), "utf8"));
  const command = ["/bin/bash", "-c", 'set -o pipefail; cat | bash -s -- "$@"', "install", ...args];
  const { stdout, stderr, exitCode } = await sandbox.box(command, { mayFail: true, input: text, timeoutMs: 400_000 });
  return { exitCode, output: `${stdout}\n${stderr}` };
}

const CLUSTER = ["--cluster", clusterName, "--region", region];
const ALL = [...CLUSTER, "--node-name", nodeName, "--role-arn", roleArn, "--credentials-file", "/root/keys"];
const fromMirror = (version: string) => ["--from", `${mirror}/${version}/${tarballOf(version)}`];
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
  ["neither cluster nor configuration", () => fromMirror(NEW), /this needs --cluster --region --credentials-file/],
  [
    "keys from a standard input that is the script",
    () => [...CLUSTER, "--credentials-file", "-"],
    /standard input is this script/,
  ],
  ["a region that is none", () => [...ALL, "--region", "Oregon", ...fromMirror(NEW)], /must be an AWS region/],
  [
    "a release that is not there",
    () => [...ALL, "--from", `${mirror}/none.tar.gz`],
    /downloading SHA256SUMS: the server answered 404\n {2}URL: http/,
  ],
  [
    "a page in place of a release",
    () => [...ALL, ...fromMirror(NEW)],
    /SHA256SUMS has no checksum of .* its first line is: <html>/,
    (_, response) => void response.end("<html>welcome to the hotel</html>"),
  ],
  [
    "a release that was changed on the way",
    () => [...ALL, ...fromMirror(NEW), "--sha256", "0".repeat(64)],
    /its SHA-256 is [0-9a-f]{64}, and must be 0{64}/,
  ],
  ["a tarball without sums beside it", () => [...ALL, "--from", "/root/keys"], /there is no file \/root\/SHA256SUMS/],
];
for (const [what, args, says, fault] of REFUSALS) {
  test(`${what} is refused, and the machine is as it was`, async () => {
    const untouched = await picture();
    spoil = fault;
    const { exitCode, output } = await install(args()).finally(() => {
      spoil = undefined;
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
  const { exitCode, output } = await install([...ALL, ...fromMirror(OLD), "--dry-run"]);
  assert.equal(exitCode, 0, output);
  assert.match(output, /would write \/opt\/eks-satellite\/bin\/node/);
  assert.match(output, /cluster\.name: sandbox/);
  assert.equal(await picture(), untouched);
});

test("one line makes a bare machine a Ready node that serves a page", async () => {
  // What is particular to the sandbox, as an administrator would have laid it there: the rest is the installer's.
  const runtime = { plugins: { "io.containerd.grpc.v1.cri": { restrict_oom_score_adj: true } } };
  const particular = stringify({ node: { ip: sandbox.addresses.node }, containerd: { config: runtime } });
  await sh(`mkdir -p /etc/eks-satellite && echo NODE_EXTRA_CA_CERTS=${awsCaPath} > /etc/eks-satellite/environment`);
  await sandbox.box(["/bin/sh", "-c", "cat > /etc/eks-satellite/config.yaml"], { input: `# ours\n${particular}` });
  const { exitCode, output } = await install([...ALL, ...fromMirror(OLD)]);
  assert.equal(exitCode, 0, output);
  assert.match(output, /● ready Node satellite-1 is Ready[\s\S]*The log: journalctl -u eks-satellite -f/);
  assert.equal(await sh("stat --format=%a:%U /etc/eks-satellite/credentials"), "600:root");
  assert.match(await sh("cat /etc/eks-satellite/config.yaml"), /^# ours\n/);
  assert.equal(await sh("eks-satellite version"), OLD);
  assert.equal(await sh("systemctl is-enabled eks-satellite"), "enabled");
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
  assert.ok((await fetch(`http://${sandbox.addresses.node}:8080/`)).ok);
});

const daemonPid = () => sh("systemctl show eks-satellite --property=MainPID --value");
/** Pid and start time of the pod's own process. */
async function podProcess(): Promise<string> {
  const status = "jsonpath={.items[0].status.containerStatuses[0].containerID}";
  const id = (await sandbox.kubectl(["get", "pods", "--selector=app=web", `--output=${status}`])).split("//")[1];
  return sh(
    `pid=$(ctr --namespace=k8s.io tasks list | awk '$1 == "${id}" { print $2 }') && echo "$pid $(cut -d' ' -f22 /proc/$pid/stat)"`,
  );
}

test("run again it changes nothing and restarts nothing", async () => {
  const [files, pid] = [await picture(), await daemonPid()];
  const times = "find /opt/eks-satellite /etc/eks-satellite /usr/local/bin -printf '%p %T@\\n' | sort";
  const before = await sh(times);
  const { exitCode, output } = await install([...ALL, ...fromMirror(OLD)]);
  assert.equal(exitCode, 0, output);
  assert.match(output, /nothing differs/);
  assert.deepEqual([await picture(), await sh(times), await daemonPid()], [files, before, pid]);
});

test("an upgrade keeps the configuration and the pod, whose process stays the same", async () => {
  const [config, pod, pid] = [await sh("cat /etc/eks-satellite/config.yaml"), await podProcess(), await daemonPid()];
  assert.match(pod, /^\d+ \d+$/);
  const { exitCode, output } = await install(fromMirror(NEW));
  assert.equal(exitCode, 0, output);
  assert.equal(await sh("eks-satellite version"), NEW);
  assert.equal(await sh("cat /etc/eks-satellite/config.yaml"), config);
  assert.notEqual(await daemonPid(), pid);
  assert.equal(await podProcess(), pod);
  assert.equal(await sh("ls -d /opt/eks-satellite.previous"), "/opt/eks-satellite.previous", "to go back to");
});

test("--uninstall resets the machine and removes what was installed; the keys stay unless --purge", async () => {
  assert.equal((await install(["--uninstall"])).exitCode, 1, "nobody is there to be asked");
  const { exitCode, output } = await install(["--uninstall", "--yes"]);
  const left = (await picture()).split("\n").filter((path) => /eks-satellite(?!-sandbox)/.test(path));
  assert.equal(exitCode, 0, output);
  assert.match(output, /The machine is as it was[\s\S]*eks-satellite is removed/);
  const etc = ["", "/config.yaml", "/credentials", "/environment"].map((name) => `/etc/eks-satellite${name}`);
  assert.deepEqual(left, etc);
  assert.equal(await sh("systemctl list-unit-files --no-legend 'eks-satellite*' || true"), "");
  await waitFor({ what: "the page to be gone", deadlineMs: 10_000 }, async () =>
    fetch(`http://${sandbox.addresses.node}:8080/`, { signal: AbortSignal.timeout(1000) }).then(
      () => false,
      () => true,
    ),
  );
});
