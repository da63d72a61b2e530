// Power cuts that lose the page cache while another kubelet is downloaded, is tried, and takes the place of the one that runs.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { mergeTables } from "../../agent/plan/merge.ts";
import { ArtifactMirror } from "../sandbox/artifact-mirror.ts";
import { down } from "../sandbox/down.ts";
import { buildKubeletAs } from "../sandbox/go-builds.ts";
import { configPath } from "../sandbox/install-agent.ts";
import { Progress } from "../sandbox/step.ts";
import { waitFor } from "../sandbox/wait.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, keepUnflushed, untilPage, type VirtualSatellite } from "./virtual.ts";

/** Each takes some minutes without KVM: `EKS_SATELLITE_POWER_CUTS=20` for more. */
const CUTS = Number(process.env.EKS_SATELLITE_POWER_CUTS ?? 4);
const VERSIONS = ["1.33.13", "1.34.4"] as const;
type Version = (typeof VERSIONS)[number];
const STORE = "/opt/eks-satellite-artifacts";
const KUBELET = "/usr/bin/kubelet";
/** The journal of ext4 writes names of files every 5 s. */
const AFTER_SWITCH_MS = 8000;
/** kubelet's trial, and what the emulated processor takes for it. */
const SWITCH_MS = 420_000;

let satellite: VirtualSatellite;
let mirror: ArtifactMirror;
let scratch: string;
const digests = new Map<string, string>();
/** From the daemon's start on a configuration with another version to the link. */
let switchMs = 0;

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "eks-satellite-kubelet-cuts-"));
  satellite = await bringUpVirtual();
  await satellite.untilHealthy(HEALTHY_MS);
  mirror = await ArtifactMirror.create(satellite.sandbox);
  for (const version of VERSIONS) {
    await mirror.add(satellite.sandbox, version);
    digests.set(version, await digestOf(await buildKubeletAs(version, new Progress())));
  }
  await satellite.box("/bin/sh", "-ec", `systemctl stop eks-satellite; rm ${KUBELET}`);
  const began = performance.now();
  await startWith(VERSIONS[0]);
  await untilLinked(VERSIONS[0]);
  switchMs = performance.now() - began;
  await satellite.untilHealthy(HEALTHY_MS);
  await keepUnflushed(satellite);
});
after(async () => {
  await mirror?.close();
  await rm(scratch, { recursive: true, force: true });
  await down(FOLDER);
});

async function digestOf(path: string): Promise<string> {
  return (await execa("sha256sum", ["--", path])).stdout.split(" ")[0] ?? "";
}

/** Starts the daemon on a configuration that names this version, which a power cut leaves in force. */
async function startWith(version: Version): Promise<void> {
  const keys = { artifacts: { manifestUrl: mirror.manifestUrl }, kubelet: { version } };
  const config = mergeTables(parse(await satellite.read(configPath)), keys);
  await satellite.write(configPath, stringify(config));
  await satellite.box("/bin/sh", "-ec", `sync ${configPath}; systemctl restart --no-block eks-satellite`);
}

async function untilLinked(version: Version): Promise<void> {
  const wait = { what: `kubelet ${version} to be in place`, deadlineMs: SWITCH_MS, intervalMs: 500 };
  await waitFor(wait, async () => {
    const { stdout } = await satellite.sandbox.box(["readlink", KUBELET], { mayFail: true });
    return stdout.trim() === `${STORE}/kubelet/${version}/kubelet`;
  });
}

/** What a power cut has left below a folder for each version, each file whole. */
async function expectWholeStore(cut: number): Promise<void> {
  const copy = await satellite.virtual.copyOut(`${STORE}/kubelet`, join(scratch, `cut-${cut}`));
  const versions = (await readdir(copy)).filter((name) => !name.includes(".part") && !name.endsWith(".new"));
  assert.ok(versions.length > 0, `cut ${cut}: no version is left of ${(await readdir(copy)).join()}`);
  for (const version of versions) {
    const left = await digestOf(join(copy, version, "kubelet"));
    assert.equal(left, digests.get(version), `cut ${cut}: kubelet ${version} is torn`);
  }
  await rm(copy, { recursive: true });
}

test(`${CUTS} power cuts while kubelet is replaced: each version that is there is whole, and the node comes back and ends with the one that is wanted`, async () => {
  for (let cut = 0; cut < CUTS; cut += 1) {
    const wanted = VERSIONS[(cut + 1) % 2] ?? VERSIONS[0];
    await startWith(wanted);
    // One time soon after the switch, one time at any moment before.
    if (cut % 2 === 0) await untilLinked(wanted);
    await delay(Math.random() * (cut % 2 === 0 ? AFTER_SWITCH_MS : switchMs));
    await satellite.sandbox.powerCut();
    await expectWholeStore(cut);
    await satellite.sandbox.boot();
    await untilLinked(wanted);
    const wait = { what: `kubelet ${wanted} to have passed its trial`, deadlineMs: SWITCH_MS, intervalMs: 1000 };
    await waitFor(wait, async () => (await satellite.condition("ArtifactsInstalled")).reason === "Installed");
    await satellite.untilHealthy(HEALTHY_MS);
    assert.match(await satellite.box(KUBELET, "--version"), new RegExp(wanted.replaceAll(".", "\\.")));
    await untilPage(satellite);
  }
});
