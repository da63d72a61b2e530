// README's line on a machine with a kernel of its own that was only launched: cloud-init runs it from the user data, and the machine is a node.
// EKS_SATELLITE_DEBIAN takes another suite than bookworm.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  cloudInitOutput,
  cloudInitStatus,
  hasMissing,
  LAUNCH_VERSION,
  makeImage,
  renderUserData,
} from "../e2e/launched.ts";
import { ReleaseMirror } from "../e2e/release-mirror.ts";
import { Satellite } from "../e2e/satellite.ts";
import { down } from "../sandbox/down.ts";
import { configPath } from "../sandbox/install-agent.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { debianSuites, nodeName } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { renderWebDeployment, webName } from "../sandbox/workload.ts";
import { FOLDER, HEALTHY_MS, untilPage } from "./virtual.ts";

const SUITE = debianSuites.find((suite) => suite === process.env.EKS_SATELLITE_DEBIAN) ?? "bookworm";
/** Debian 11's own is too old for kubelet; what users rent with Ubuntu 20.04 has Docker's. */
const CONTAINERD = SUITE === "bullseye" ? "1.7.24" : "debian";
/** A download, an installation and a join on an emulated processor. */
const LAUNCH_MS = 900_000;

let sandbox: Sandbox;
let mirror: ReleaseMirror;

before(async () => {
  await down(FOLDER);
  mirror = await ReleaseMirror.create([LAUNCH_VERSION]);
  await mirror.setLatest(LAUNCH_VERSION);
  const choices = { debian: SUITE, containerd: CONTAINERD, network: "direct" } as const;
  ({ sandbox } = await up({ folder: FOLDER, machine: "vm", agent: false, ...choices }));
  const url = await mirror.listen(sandbox.addresses.uplink.host);
  // An emulated processor needs more than the minute that the daemon's own check has.
  const settings = [`node.ip=${sandbox.addresses.node}`, "node.check=off"];
  await makeImage({ sandbox }, await renderUserData({ sandbox, mirror, url, settings }));
});
after(async () => {
  await mirror?.close();
  await down(FOLDER);
});

const read = async (path: string) => (await sandbox.box(["cat", path])).stdout;

async function untilServed(): Promise<void> {
  const satellite = new Satellite(sandbox, await read(configPath));
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
}

test(`a launched ${SUITE} with a kernel of its own is a Ready node when cloud-init is done, and serves a page`, async () => {
  const launchedAt = performance.now();
  await sandbox.reboot();
  const explain = () => cloudInitOutput(sandbox);
  const status = await waitFor(
    { what: "cloud-init to end", deadlineMs: LAUNCH_MS, intervalMs: 1000, explain },
    async () => {
      const said = await cloudInitStatus(sandbox);
      return /^status: (done|error)/m.test(said) ? said : undefined;
    },
  );
  assert.match(status, /^status: done/m, `${status}\n${await cloudInitOutput(sandbox)}`);
  assert.match(await cloudInitOutput(sandbox), /● ready Node satellite-1 is Ready/);
  process.stdout.write(
    `${SUITE}: ${Math.round((performance.now() - launchedAt) / 1000)} s from power-off to the end of cloud-init\n`,
  );
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", `deployment/${webName}`, `--timeout=${HEALTHY_MS / 1000}s`]);
  await waitFor({ what: "what the image lacked", deadlineMs: HEALTHY_MS, explain }, () => hasMissing(sandbox));
  await untilServed();
});

test("a reboot brings it back, and installs nothing again", async () => {
  const installed = async () => (await sandbox.box(["stat", "--format=%y", "/opt/eks-satellite/bin/node"])).stdout;
  const before = await installed();
  await sandbox.kubectl(["delete", "node", nodeName]);
  await sandbox.reboot();
  await untilServed();
  assert.equal(await installed(), before);
});
