// Power cuts that lose the page cache, while the daemon writes and while its installer switches versions.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { cutPowerInRounds } from "../e2e/cut-power.ts";
import { ReleaseMirror, tarballOf } from "../e2e/release-mirror.ts";
import { down } from "../sandbox/down.ts";
import { installRelease } from "./install-release.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, keepUnflushed, untilPage, type VirtualSatellite } from "./virtual.ts";

/** Each takes two minutes without KVM: `EKS_SATELLITE_POWER_CUTS=20` for more. */
const CUTS = Number(process.env.EKS_SATELLITE_POWER_CUTS ?? 4);
/** From the daemon's start to a Ready node, without KVM. */
const ROUND_MS = 15_000;
/** The journal writes names of files every 5 s. */
const AFTER_SWITCH_MS = 8000;

const VERSIONS = ["0.0.8", "0.0.9"] as const;
const PROGRAM = "opt/eks-satellite";

let satellite: VirtualSatellite;
let mirror: ReleaseMirror;
let url: string;
let scratch: string;
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "eks-satellite-cuts-"));
  satellite = await bringUpVirtual();
  await keepUnflushed(satellite);
  await satellite.untilHealthy(HEALTHY_MS);
});
after(async () => {
  await mirror?.close();
  await rm(scratch, { recursive: true, force: true });
  await down(FOLDER);
});

test(`${CUTS} power cuts in the midst of rounds that write: every file is whole, and the node comes back by itself`, () =>
  cutPowerInRounds(satellite, { cuts: CUTS, longestMs: ROUND_MS, healthyMs: HEALTHY_MS }));

/** SHA-256 of every file in a folder, a line each. */
async function sumsOf(folder: string): Promise<string> {
  const script = 'cd "$0" && find . -type f -print0 | sort -z | xargs -0 sha256sum';
  return (await execa("/bin/sh", ["-ec", script, folder])).stdout;
}

async function releasedSums(version: string): Promise<string> {
  const archive = join(scratch, tarballOf(version));
  await writeFile(archive, await mirror.read(version, tarballOf(version)));
  const folder = join(scratch, version);
  await execa("/bin/sh", ["-ec", 'mkdir "$0" && tar -xzf "$1" -C "$0"', folder, archive]);
  const [name = ""] = await readdir(folder);
  return sumsOf(join(folder, name, PROGRAM));
}

test(`${CUTS} power cuts while another version is installed: the program is one version or the other, whole, and starts by itself`, async () => {
  await satellite.sandbox.boot(); // A test that failed has left it off.
  mirror = await ReleaseMirror.create(VERSIONS);
  url = await mirror.listen(satellite.sandbox.addresses.uplink.host);
  const whole = new Map(
    await Promise.all(VERSIONS.map(async (version) => [await releasedSums(version), version] as const)),
  );
  const startedAt = performance.now();
  assert.equal(await installRelease(satellite, url, VERSIONS[0]), 0);
  const installMs = performance.now() - startedAt;
  let installed: string = VERSIONS[0];
  for (let cut = 0; cut < CUTS; cut += 1) {
    const wanted = VERSIONS.find((version) => version !== installed) ?? VERSIONS[0];
    const installing = installRelease(satellite, url, wanted);
    // One time soon after the end, one time at any moment before.
    if (cut % 2 === 0) await installing;
    await delay(Math.random() * (cut % 2 === 0 ? AFTER_SWITCH_MS : installMs));
    await satellite.sandbox.powerCut();
    await installing.catch(() => undefined); // Its machine has gone.
    const left = await sumsOf(await satellite.virtual.copyOut(`/${PROGRAM}`, join(scratch, `cut-${cut}`)));
    installed = whole.get(left) ?? "torn";
    const seen = `cut ${cut}: /${PROGRAM} is of version ${installed} after the cut of ${wanted}`;
    assert.notEqual(installed, "torn", `${seen}:\n${left}`);
    if (cut % 2 === 0) assert.equal(installed, wanted, seen);
    await satellite.sandbox.boot();
    await satellite.untilHealthy(HEALTHY_MS);
    await untilPage(satellite);
    assert.match(await satellite.box("eks-satellite", "version"), new RegExp(installed.replaceAll(".", "\\.")));
  }
});
