// kubelet follows the cluster where the configuration says so, or the configured version.
import assert from "node:assert/strict";
import { test } from "node:test";
import { artifactPath } from "../fakes/artifact-mirror.ts";
import { AUTO, BOTH, prove, type Setup, setUpUpgrade } from "../fakes/kubelet-upgrade.ts";
import { FOLDER, KUBELET, PROVIDER, setUpArtifacts } from "../fakes/memory-artifacts.ts";

const MIRROR = "https://hybrid-assets.eks.amazonaws.com/";
const MINUTE_MS = 60_000;

test("by default kubelet stays, and the condition says how far it is behind", async () => {
  const { round, linked, board, mirror } = await setUpUpgrade("");
  const asked = mirror.requests.length;
  await round();
  assert.equal(linked(), "1.33.13");
  const { status, reason, message } = board.get("KubeletSupported");
  assert.deepEqual([status, reason], ["True", "Older"]);
  assert.match(message, /kubelet 1\.33\.13 is 1 minor version behind the cluster's 1\.34/);
  assert.equal(mirror.requests.length, asked, "no server is asked without need");
});

test("kubelet.upgrade: auto follows the cluster, and keeps only the previous version", async () => {
  const setup = await setUpUpgrade(AUTO, [...BOTH, "1.34.5"]);
  const { host, round, linked, story, situation, mirror } = setup;
  mirror.manifest = mirror.manifest.replaceAll("version: 1.34.5", "version: 1.34.3");
  const changes = situation.changes;
  await round();
  assert.equal(linked(), "1.34.4");
  assert.ok(situation.changes > changes);
  assert.equal(await round(), "Unknown KubeletOnTrial");
  assert.equal(await prove(setup), "True Installed");
  assert.deepEqual(
    story.map((line) => line.split(":")[0]),
    ["KubeletUpgrading", "KubeletUpgraded"],
  );
  assert.deepEqual(await host.files.list(`${FOLDER}/kubelet`), ["1.33.13", "1.34.4"]);
  mirror.manifest = mirror.manifest.replaceAll("version: 1.34.3", "version: 1.34.5");
  host.clock.jump(24 * 60 * MINUTE_MS);
  await round();
  assert.equal(await prove(setup), "True Installed");
  assert.deepEqual(await host.files.list(`${FOLDER}/kubelet`), ["1.34.4", "1.34.5"]);
});

test("the other node binaries follow when kubelet has passed its trial; foreign ones stay", async () => {
  const setup = await setUpUpgrade();
  const { host, round, mirror } = setup;
  const provider = () => host.files.peekLink(PROVIDER)?.split("/").at(-2);
  host.files.dropLink("/opt/cni/bin/portmap");
  host.files.put("/opt/cni/bin/portmap", "foreign");
  await round();
  assert.equal(provider(), "1.33.13");
  await prove(setup);
  await round();
  assert.equal(provider(), "1.34.4");
  assert.equal(host.files.peekLink("/opt/cni/bin/loopback"), `${FOLDER}/cni-plugins/1.34.4/loopback`);
  assert.equal(host.files.peek("/opt/cni/bin/portmap")?.content, "foreign");
  assert.deepEqual(await host.files.list(`${FOLDER}/cni-plugins`), ["1.33.13", "1.34.4"]);
  const asked = mirror.requests.length;
  for (let look = 0; look < 10; look += 1) assert.equal(await round(), "True Installed");
  assert.equal(mirror.requests.length, asked);
});

test("the node binaries beside a kubelet that the mirror no longer has stay", async () => {
  const { host, mirror, round } = await setUpUpgrade("");
  host.files.putLink(PROVIDER, `${FOLDER}/ecr-credential-provider/1.33.12/ecr-credential-provider`);
  host.files.put(`${FOLDER}/ecr-credential-provider/1.33.12/ecr-credential-provider`, "older", { mode: 0o755 });
  mirror.manifest = mirror.manifest.replaceAll("version: 1.33.13", "version: 1.33.14");
  await round();
  assert.equal(await round(), "True Installed");
  assert.match(host.files.peekLink(PROVIDER) ?? "", /1\.33\.12/);
});

const FAULTS: readonly (readonly [what: string, spoil: (setup: Setup) => void, reason: string])[] = [
  [
    "a wrong checksum",
    ({ checksums }) => checksums.set(`${MIRROR}${artifactPath("1.34.4", "kubelet")}.sha256`, `${"0".repeat(64)}  x`),
    "ChecksumWrong",
  ],
  [
    "a page in its place",
    ({ host }) => host.downloads.set(`${MIRROR}${artifactPath("1.34.4", "kubelet")}`, "<html>"),
    "ChecksumWrong",
  ],
  ["a page in place of the manifest", ({ mirror }) => (mirror.manifest = "<html>"), "ManifestInvalid"],
  ["a full disk", ({ host }) => host.files.refuseWrites(`${FOLDER}/kubelet`, "ENOSPC"), "DiskFull"],
  [
    "a build for another machine",
    ({ host }) => host.install(`${FOLDER}/kubelet/1.34.4/kubelet`, () => ({ exitCode: 126 })),
    "ArtifactBroken",
  ],
];
for (const [what, spoil, reason] of FAULTS) {
  test(`${what} leaves the running kubelet alone`, async () => {
    const setup = await setUpUpgrade();
    spoil(setup);
    await setup.round();
    assert.equal(await setup.round(), `False ${reason}`);
    assert.equal(setup.linked(), "1.33.13");
    assert.deepEqual(setup.story, []);
  });
}

test("a configured version that does not fit the cluster is refused before anything is downloaded", async () => {
  const { mirror, round, board } = setUpArtifacts(["1.33.13", "1.34.4"], "kubelet: { version: 1.34.4 }");
  assert.equal(await round(), "False VersionSkew");
  const { message, hint } = board.get("ArtifactsInstalled");
  assert.match(message, /kubelet\.version 1\.34\.4 does not fit a cluster of version 1\.33/);
  assert.match(hint ?? "", /between 1\.30 and 1\.33/);
  assert.deepEqual(mirror.requests, []);
});

test("a configured version is installed, also an older one", async () => {
  const { round, linked, running } = setUpArtifacts(["1.33.12", "1.33.13"], "kubelet: { version: 1.33.12 }");
  await round();
  assert.equal(linked(), "1.33.12");
  running.version = "1.33.12";
  assert.equal(await round(), "True Installed");
});

test("a foreign kubelet that does not fit is reported with a remedy that leaves it alone", async () => {
  const { host, round, running, board } = setUpArtifacts(["1.33.13"]);
  host.files.put(KUBELET, "theirs", { mode: 0o755 });
  running.version = "1.28.3";
  await round();
  assert.match(board.get("KubeletSupported").hint ?? "", /kubelet\.path to a free path/);
});
