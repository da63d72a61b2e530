import assert from "node:assert/strict";
import { test } from "node:test";
import { artifactPath } from "../fakes/artifact-mirror.ts";
import { FOLDER, KUBELET, PROVIDER, setUpArtifacts } from "../fakes/memory-artifacts.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const MINUTE_MS = 60_000;
const MIRROR = "https://hybrid-assets.eks.amazonaws.com/";

test("what is missing is downloaded, verified, kept by version, and linked where it is expected", async () => {
  const { host, artifacts, round, linked, situation } = setUpArtifacts(["1.33.12", "1.33.13", "1.34.4"]);
  await round();
  assert.equal(await round(), "True Installed");
  assert.equal(linked(), "1.33.13", "the newest patch of the cluster's version");
  assert.equal(host.files.peekLink(PROVIDER), `${FOLDER}/ecr-credential-provider/1.33.13/ecr-credential-provider`);
  assert.equal(host.files.peekLink("/opt/cni/bin/loopback"), `${FOLDER}/cni-plugins/1.33.13/loopback`);
  const kubelet = host.files.peek(`${FOLDER}/kubelet/1.33.13/kubelet`);
  assert.deepEqual([kubelet?.content, kubelet?.mode], ["kubelet 1.33.13", 0o755]);
  assert.equal(artifacts.figures.installed, 3);
  assert.ok(situation.changes > 0, "the converge round looks at once");
  const ledger = host.files.paths().filter((path) => path.startsWith("/var/lib/eks-satellite/ledger/"));
  const ids = ledger.map((path) => JSON.parse(host.files.peek(path)?.content ?? "").id);
  assert.ok(ids.includes(`file:${KUBELET}`) && ids.includes(`file:${PROVIDER}`), "reset knows");
});

test("with everything there, nobody is asked", async () => {
  const { mirror, round } = setUpArtifacts(["1.33.13"]);
  await round();
  await round();
  const asked = mirror.requests.length;
  for (let look = 0; look < 100; look += 1) assert.equal(await round(), "True Installed");
  assert.equal(mirror.requests.length, asked);
});

test("a kubelet of somebody's is used as it is, whatever its version", async () => {
  const { host, mirror, round, running, board } = setUpArtifacts(
    ["1.33.13"],
    "kubelet: { upgrade: auto, version: 1.33.13 }",
  );
  for (const path of [KUBELET, PROVIDER, "/opt/cni/bin/loopback"]) host.files.put(path, "theirs", { mode: 0o755 });
  running.version = "1.28.3";
  assert.equal(await round(), "True Installed");
  assert.deepEqual(mirror.requests, []);
  assert.equal(host.files.peek(KUBELET)?.content, "theirs");
  assert.equal(board.get("KubeletSupported").reason, "VersionSkew");
});

const FAULTS: readonly (readonly [
  what: string,
  spoil: (setup: ReturnType<typeof setUpArtifacts>) => void,
  reason: string,
])[] = [
  [
    "a wrong checksum",
    ({ checksums }) =>
      checksums.set(`${MIRROR}${artifactPath("1.33.13", "kubelet")}.sha256`, `${"0".repeat(64)}  kubelet`),
    "ChecksumWrong",
  ],
  [
    "a page in place of a checksum",
    ({ checksums }) => checksums.set(`${MIRROR}${artifactPath("1.33.13", "kubelet")}.sha256`, "<html>"),
    "ChecksumUnreadable",
  ],
  [
    "a page in place of the file",
    ({ host }) => host.downloads.set(`${MIRROR}${artifactPath("1.33.13", "kubelet")}`, "<html>"),
    "ChecksumWrong",
  ],
  [
    "a truncated file",
    ({ host }) => host.downloads.set(`${MIRROR}${artifactPath("1.33.13", "kubelet")}`, "kubelet 1.3"),
    "ChecksumWrong",
  ],
  [
    "a file that is not there",
    ({ host }) => void host.downloads.delete(`${MIRROR}${artifactPath("1.33.13", "kubelet")}`),
    "ArtifactUnreachable",
  ],
  ["a page in place of the manifest", ({ mirror }) => (mirror.manifest = "<html>"), "ManifestInvalid"],
  ["a manifest without the cluster's version", ({ situation }) => (situation.cluster = "1.29"), "ReleaseUnknown"],
  [
    "a disk without room",
    ({ host }) => host.files.spaces.set(FOLDER, { ...host.files.defaultSpace, availableBytes: 1e6 }),
    "DiskFull",
  ],
  ["a disk that fills up", ({ host }) => host.files.refuseWrites(`${FOLDER}/kubelet`, "ENOSPC"), "DiskFull"],
];
for (const [what, spoil, reason] of FAULTS) {
  test(`${what} leaves nothing of it behind, is told, and is tried again`, async () => {
    const setup = setUpArtifacts(["1.33.13"]);
    spoil(setup);
    await setup.round();
    assert.equal(await setup.round(), `False ${reason}`);
    assert.equal(setup.linked(), undefined);
    assert.equal(setup.host.files.peek(`${FOLDER}/kubelet/1.33.13/kubelet`), undefined);
    assert.ok(setup.board.get("ArtifactsInstalled").hint);
    const asked = setup.mirror.requests.length;
    await setup.round();
    assert.equal(setup.mirror.requests.length, asked, "not at once");
    setup.host.clock.jump(30 * MINUTE_MS);
    await setup.round();
    assert.ok(setup.mirror.requests.length > asked);
  });
}

const HELPER = "/usr/local/bin/aws_signing_helper";
const ROLES_ANYWHERE = {
  rolesAnywhere: {
    ...{ certificate: "/etc/node.crt", privateKey: "/etc/node.key", helper: HELPER, durationSeconds: 3600 },
    trustAnchorArn: "arn:aws:rolesanywhere:us-west-2:111122223333:trust-anchor/a",
    profileArn: "arn:aws:rolesanywhere:us-west-2:111122223333:profile/b",
    roleArn: "arn:aws:iam::111122223333:role/node",
  },
};

test("aws_signing_helper comes first, when it is used: without it there are no keys, and nothing is known of the cluster", async () => {
  const { host, round, situation, linked } = setUpArtifacts(["1.33.13"], "", new MemoryHost(), ROLES_ANYWHERE);
  situation.cluster = undefined;
  await round();
  assert.equal(host.files.peekLink(HELPER), `${FOLDER}/aws_signing_helper/1.7.10/aws_signing_helper`, "the newest");
  assert.equal(linked(), undefined);
  situation.cluster = "1.33";
  await round();
  assert.equal(linked(), "1.33.13");
});

test("where keys come from elsewhere, nobody looks for aws_signing_helper", async () => {
  const { host, round } = setUpArtifacts(["1.33.13"]);
  await round();
  assert.equal(host.files.peekLink(HELPER), undefined);
});

test("artifacts.install: never asks for what is missing", async () => {
  const { mirror, round, board } = setUpArtifacts(["1.33.13"], "artifacts: { install: never }");
  assert.equal(await round(), "False ArtifactsMissing");
  assert.match(
    board.get("ArtifactsInstalled").message,
    /kubelet \(\/usr\/bin\/kubelet\), ecr-credential-provider .*, CNI plugins/,
  );
  assert.deepEqual(mirror.requests, []);
});

test("a download says how far it is", async () => {
  const { host, round, board } = setUpArtifacts(["1.33.13"]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const download = host.download.bind(host);
  host.download = async (request) => {
    request.onProgress?.(1);
    request.onProgress?.(25 * 2 ** 20);
    await promise;
    return download(request);
  };
  assert.equal(await round(), "Unknown Downloading");
  assert.match(board.get("ArtifactsInstalled").message, /cni-plugins: 25 MiB so far/);
  resolve();
});

/** A machine that runs 1.33.13, of a cluster that has just been upgraded to 1.34. */
async function setUpUpgrade(config: string) {
  const setup = setUpArtifacts(["1.33.13", "1.34.4"], config);
  await setup.round();
  await setup.round();
  setup.situation.cluster = "1.34";
  setup.running.version = "1.33.13";
  return setup;
}

test("by default kubelet stays, and how far it is behind is said", async () => {
  const { round, linked, board } = await setUpUpgrade("");
  await round();
  assert.equal(linked(), "1.33.13");
  const { status, reason, message } = board.get("KubeletSupported");
  assert.deepEqual([status, reason], ["True", "Older"]);
  assert.match(message, /kubelet 1\.33\.13 is 1 minor version behind the cluster's 1\.34/);
});

test("kubelet.upgrade: auto moves with the cluster, and keeps the one before", async () => {
  const { host, round, linked, running, story, situation } = await setUpUpgrade("kubelet: { upgrade: auto }");
  const changes = situation.changes;
  await round();
  assert.equal(linked(), "1.34.4");
  assert.ok(situation.changes > changes);
  running.version = "1.34.4";
  assert.equal(await round(), "True Installed");
  assert.deepEqual(
    story.map((line) => line.split(":")[0]),
    ["KubeletUpgrading", "KubeletUpgraded"],
  );
  assert.deepEqual(await host.files.list(`${FOLDER}/kubelet`), ["1.33.13", "1.34.4"]);
});

test("a kubelet of EKS's own, which says more of itself than its release, passes its trial; another one's does not", async () => {
  const { host, round, linked, running, story } = await setUpUpgrade("kubelet: { upgrade: auto }");
  await round();
  Object.assign(running, { version: "1.34.45", suffix: "-eks-a737599" });
  await round();
  assert.equal(story.length, 1, "1.34.45 is not 1.34.4");
  running.version = "1.34.4";
  assert.equal(await round(), "True Installed");
  assert.match(story.at(-1) ?? "", /^KubeletUpgraded/);
  host.clock.jump(10 * MINUTE_MS);
  await round();
  assert.equal(linked(), "1.34.4");
});

test("a node that is not Ready in five minutes gets its kubelet back, and the new one is not tried again", async () => {
  const { host, round, linked, situation, story, board, messages } = await setUpUpgrade("kubelet: { upgrade: auto }");
  await round();
  situation.sight = { ...situation.sight, isReady: false };
  for (let minute = 0; minute < 4; minute += 1) {
    await round();
    host.clock.jump(MINUTE_MS);
  }
  assert.equal(linked(), "1.34.4", "it still has a minute");
  host.clock.jump(MINUTE_MS);
  assert.equal(await round(), "False KubeletRolledBack");
  assert.equal(linked(), "1.33.13");
  assert.match(
    story.at(-1) ?? "",
    /KubeletRolledBack: kubelet 1\.34\.4 did not make the node Ready and was taken back; 1\.33\.13 runs again/,
  );
  assert.match(messages("error")[0] ?? "", /was taken back/);
  situation.sight = { ...situation.sight, isReady: true };
  for (let hour = 0; hour < 48; hour += 1) {
    assert.equal(await round(), "False KubeletRolledBack");
    host.clock.jump(60 * MINUTE_MS);
  }
  assert.equal(linked(), "1.33.13");
  assert.match(board.get("ArtifactsInstalled").hint ?? "", /journalctl/);
});

test("a kubelet that crashes is taken back without waiting", async () => {
  const { round, linked, situation } = await setUpUpgrade("kubelet: { upgrade: auto }");
  await round();
  situation.sight = { ...situation.sight, isReady: false, isCrashing: true };
  await round();
  assert.equal(linked(), "1.33.13");
});

test("minutes in which the API server does not answer do not count", async () => {
  const { host, round, linked, situation } = await setUpUpgrade("kubelet: { upgrade: auto }");
  await round();
  situation.sight = { isReady: false, isCrashing: false, isReachable: false };
  for (let minute = 0; minute < 30; minute += 1) {
    await round();
    host.clock.jump(MINUTE_MS);
  }
  assert.equal(linked(), "1.34.4");
});

test("a restart of the daemon goes on with the trial, and knows what was taken back", async () => {
  const before = await setUpUpgrade("kubelet: { upgrade: auto }");
  await before.round();
  const after = setUpArtifacts(["1.33.13", "1.34.4"], "kubelet: { upgrade: auto }", before.host);
  Object.assign(after.situation, { cluster: "1.34", sight: { isReady: false, isCrashing: false, isReachable: true } });
  after.running.version = "1.33.13";
  after.host.clock.jump(6 * MINUTE_MS);
  await after.round();
  assert.equal(after.linked(), "1.33.13");
  const third = setUpArtifacts(["1.33.13", "1.34.4"], "kubelet: { upgrade: auto }", before.host);
  third.situation.cluster = "1.34";
  await third.round();
  assert.equal(await third.round(), "False KubeletRolledBack");
  assert.equal(third.linked(), "1.33.13");
});

test("another configuration of kubelet is another try, and a newer patch is one", async () => {
  const failing = await setUpUpgrade("kubelet: { upgrade: auto }");
  await failing.round();
  failing.situation.sight = { ...failing.situation.sight, isReady: false, isCrashing: true };
  await failing.round();
  const changed = setUpArtifacts(["1.33.13", "1.34.4"], "kubelet: { upgrade: auto, maxPods: 20 }", failing.host);
  changed.situation.cluster = "1.34";
  await changed.round();
  assert.equal(changed.linked(), "1.34.4");
});

test("a version that is named is taken, also an older one", async () => {
  const { round, linked, running } = setUpArtifacts(["1.33.12", "1.33.13"], "kubelet: { version: 1.33.12 }");
  await round();
  assert.equal(linked(), "1.33.12");
  running.version = "1.33.12";
  assert.equal(await round(), "True Installed");
});
