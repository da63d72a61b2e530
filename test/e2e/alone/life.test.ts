// A machine's whole life by the documentation's own lines: installed, upgraded, rebooted, uninstalled, beside somebody's containers that never stop.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { webImage } from "../../sandbox/images.ts";
import type { CommandResult } from "../../sandbox/machine/machine.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { cacheFolder, clusterName, nodeName, roleArn } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { renderWebDeployment } from "../../sandbox/workload.ts";
import { BareMachine, EXAMPLE_ROLE, SCRIPT_URL, TLS_OPTIONS } from "../bare-machine.ts";
import { documentedBlock } from "../documented-blocks.ts";
import { OTHER_UNIT } from "../other-container.ts";
import { assertSameLines, assertSamePicture, type Picture, takePicture } from "../picture.ts";
import { tarballOf } from "../release-mirror.ts";

const FOLDER = join(cacheFolder(), "life-sandbox");
const [OLD, NEW] = ["0.0.9", "0.1.0"] as const;

let machine: BareMachine;
let sandbox: Sandbox;
let url: string;
let picture: Picture;
let foreign: string;
const timings: (readonly [step: string, seconds: number])[] = [];

before(async () => {
  machine = await BareMachine.bringUp(FOLDER, [OLD, NEW]);
  ({ sandbox, url } = machine);
  await machine.write("/root/keys", machine.renderKeys());
  await sh("chmod 600 /root/keys");
  await machine.write("/etc/systemd/system/other.service", OTHER_UNIT);
  await sh(`ctr --namespace=k8s.io images export /var/tmp/web.tar ${webImage}
    ctr --namespace=moby images import /var/tmp/web.tar >/dev/null && rm /var/tmp/web.tar
    systemctl daemon-reload && systemctl enable --quiet --now other`);
  foreign = await processOf("moby", "other");
  picture = await takePicture(sandbox, ["/etc/eks-satellite"]);
});
after(async () => {
  process.stdout.write(
    `${timings.map(([step, seconds]) => `${seconds.toFixed(1).padStart(6)} s  ${step}`).join("\n")}\n`,
  );
  await machine?.close();
});

const sh = (script: string) => machine.sh(script);

/** Pid and start time of a container's first process: another one would differ in them. */
async function processOf(namespace: string, container: string): Promise<string> {
  const tasks = `ctr --namespace=${namespace} tasks list | awk '$1 == "${container}" { print $2 }'`;
  const identity = await sh(`pid=$(${tasks}) && echo "$pid $(cut -d' ' -f22 /proc/$pid/stat)"`);
  assert.match(identity, /^\d+ \d+$/, `${container} runs`);
  return identity;
}

async function podProcess(): Promise<string> {
  const path = "jsonpath={.items[0].status.containerStatuses[0].containerID}";
  const id = (await sandbox.kubectl(["get", "pods", "--selector=app=web", `--output=${path}`])).split("//")[1];
  return processOf("k8s.io", id ?? "none");
}

const page = () => fetch(`http://${sandbox.addresses.node}:8080/`, { signal: AbortSignal.timeout(2000) });
const hasPage = () =>
  page().then(
    ({ ok }) => ok,
    () => false,
  );

/** Runs a block of the documentation, and notes how long it took. */
async function run(step: string, block: string, answer?: string): Promise<CommandResult & { readonly output: string }> {
  const startedAt = performance.now();
  const result = await machine.run(block, answer);
  timings.push([step, (performance.now() - startedAt) / 1000]);
  return result;
}

const installBlock = () =>
  documentedBlock("install", {
    [TLS_OPTIONS]: "",
    [SCRIPT_URL]: `${url}/install.sh`,
    [EXAMPLE_ROLE]: roleArn,
    "my-cluster": clusterName,
    "gpu-1": nodeName,
  });

test("README.md's quickstart makes a bare machine a Ready node that serves a page", async () => {
  await machine.mirror.setLatest(OLD);
  const { exitCode, output } = await run("install, to a Ready node", installBlock());
  assert.equal(exitCode, 0, output);
  assert.match(output, /● ready Node satellite-1 is Ready[\s\S]*The log: journalctl -u eks-satellite -f/);
  assert.equal(await sh("stat --format=%a:%U /etc/eks-satellite/credentials"), "600:root");
  assert.match(await sh("cat /etc/eks-satellite/config.yaml"), /^# ours\n/);
  assert.equal(await sh("eks-satellite version"), OLD);
  assert.equal(await sh("systemctl is-enabled eks-satellite"), "enabled");
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
  assert.ok(await hasPage());
  assert.equal(await processOf("moby", "other"), foreign);
});

const daemonPid = () => sh("systemctl show eks-satellite --property=MainPID --value");

test("the same line again changes nothing and restarts nothing", async () => {
  const listFiles = async () =>
    (await sh("find /opt /etc /usr/local /usr/share/doc -mindepth 1 -printf '%p %m %T@\\n'")).split("\n");
  const [before, pid] = [await listFiles(), await daemonPid()];
  const { exitCode, output } = await run("the same line again", installBlock());
  assert.equal(exitCode, 0, output);
  assert.match(output, /nothing differs/);
  assertSameLines(await listFiles(), before, "files");
  assert.equal(await daemonPid(), pid);
});

test("the documented upgrade keeps the configuration and the pod, whose process stays the same", async () => {
  const [config, pod, pid] = [await sh("cat /etc/eks-satellite/config.yaml"), await podProcess(), await daemonPid()];
  await machine.mirror.setLatest(NEW);
  const block = documentedBlock("upgrade", { [TLS_OPTIONS]: "", [SCRIPT_URL]: `${url}/install.sh` });
  const { exitCode, output } = await run("upgrade, to a Ready node", block);
  assert.equal(exitCode, 0, output);
  assert.equal(await sh("eks-satellite version"), NEW);
  assert.equal(await sh("cat /etc/eks-satellite/config.yaml"), config);
  assert.notEqual(await daemonPid(), pid);
  assert.equal(await podProcess(), pod);
  assert.equal(await sh("ls -d /opt/eks-satellite.previous"), "/opt/eks-satellite.previous", "to go back to");
  assert.equal(await processOf("moby", "other"), foreign);
  const again = await run("the installed script", documentedBlock("upgradeByInstalled", {}));
  assert.equal(again.exitCode, 0, again.output);
  assert.match(again.output, /SHA256SUMS is signed by ED25519 key SHA256:.*\n[\s\S]*nothing differs/);
});

const RESTARTS: readonly (readonly [what: string, restart: () => Promise<void>])[] = [
  ["a reboot", () => sandbox.reboot()],
  ["a power cut", () => sandbox.powerCut().then(() => sandbox.boot())],
];
for (const [what, restart] of RESTARTS) {
  test(`after ${what} node, page and the other's container are back with nobody's help`, async () => {
    const startedAt = performance.now();
    await restart();
    await waitFor({ what: "the page", deadlineMs: 120_000 }, hasPage);
    await sandbox.waitForNode();
    timings.push([`${what}, to the page`, (performance.now() - startedAt) / 1000]);
    assert.notEqual(await processOf("moby", "other"), foreign, "its engine has started it anew");
    foreign = await processOf("moby", "other");
  });
}

test("the documented uninstall asks, downloads nothing, and leaves the machine as it was", async () => {
  const block = documentedBlock("uninstall", {});
  const requests: string[] = [];
  machine.mirror.spoil = ({ url: path = "" }, response) => {
    requests.push(path);
    response.writeHead(503).end();
  };
  const refused = await run("uninstall, answered with no", block, "n\n");
  assert.equal(refused.exitCode, 1, refused.output);
  assert.ok(await hasPage());
  const { exitCode, output } = await run("uninstall", block, "y\n");
  machine.mirror.spoil = undefined;
  assert.equal(exitCode, 0, output);
  assert.deepEqual(requests, []);
  assert.match(output, /Remove all of this\?[\s\S]*The machine is restored[\s\S]*eks-satellite is removed/);
  assertSamePicture(await takePicture(sandbox, ["/etc/eks-satellite"]), picture);
  assert.equal(await sh("ls /etc/eks-satellite"), "config.yaml\ncredentials\nenvironment");
  assert.equal(await hasPage(), false);
  assert.equal(await processOf("moby", "other"), foreign);
});

test("the documented way for machines without internet makes it a node once more, and --purge leaves nothing at all", async () => {
  await sandbox.kubectl(["delete", "node", sandbox.nodeName]);
  const tarball = tarballOf(NEW);
  for (const name of [tarball, "SHA256SUMS", "SHA256SUMS.sig"])
    await sh(`curl --silent --fail --output /root/${name} ${url}/download/v${NEW}/${name}`);
  await sh(`curl --silent --fail --output /root/install.sh ${url}/install.sh`);
  const block = documentedBlock("offline", {
    [tarballOf("1.2.3")]: tarball,
    [EXAMPLE_ROLE]: roleArn,
    "my-cluster": clusterName,
    "gpu-1": nodeName,
  });
  const installed = await run("install without internet, to a Ready node", block);
  assert.equal(installed.exitCode, 0, installed.output);
  await sandbox.waitForNode();
  const { exitCode, output } = await run("uninstall --purge", "bash install.sh --uninstall --yes --purge");
  assert.equal(exitCode, 0, output);
  const brought = [tarball, "SHA256SUMS", "SHA256SUMS.sig", "install.sh"].map((name) => `/root/${name}`);
  await sh(`rm ${brought.join(" ")}`);
  // The configuration that was laid there before the first picture is gone now, too.
  assertSamePicture(await takePicture(sandbox, []), picture);
  assert.equal(await sh("ls -d /etc/eks-satellite || true"), "");
  assert.equal(await processOf("moby", "other"), foreign);
});

test("the Debian package starts nothing by itself, makes it a node, and its purge leaves the machine as it was", async () => {
  await sandbox.kubectl(["delete", "node", sandbox.nodeName]);
  const deb = `eks-satellite_${NEW}_amd64.deb`;
  await sh(`curl --silent --fail --output /var/tmp/${deb} ${url}/download/v${NEW}/${deb}`);
  const startedAt = performance.now();
  await sh(`dpkg --install /var/tmp/${deb}`);
  assert.equal(await sh("systemctl is-active eks-satellite || true"), "inactive");
  await machine.layConfiguration();
  const options = `--cluster ${clusterName} --region us-east-1 --role-arn ${roleArn}`;
  await sh(`eks-satellite configure ${options} --credentials-file /root/keys && systemctl enable --now eks-satellite`);
  await sandbox.waitForNode();
  timings.push(["Debian package, to a Ready node", (performance.now() - startedAt) / 1000]);
  const pid = await daemonPid();
  await sh(`dpkg --install /var/tmp/${deb}`);
  assert.notEqual(await daemonPid(), pid, "an upgrade restarts what runs");
  await sandbox.waitForNode();
  const purged = await run("purge of the Debian package", "dpkg --purge eks-satellite");
  assert.equal(purged.exitCode, 0, purged.output);
  assert.match(purged.output, /The machine is restored/);
  // dpkg's own database and log are not what they were.
  const ofDpkg = ["/var/lib/dpkg", "/var/log/dpkg.log"];
  const left = (lines: readonly string[]) => lines.filter((line) => !/ \/var\/(lib\/dpkg|log\/dpkg\.log)/.test(line));
  const before = { ...picture, files: left(picture.files), hashes: left(picture.hashes) };
  assertSamePicture(await takePicture(sandbox, ofDpkg), before);
  assert.equal(await processOf("moby", "other"), foreign);
});
