import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { artifactPath } from "../fakes/artifact-mirror.ts";
import { FOLDER, KUBELET, PROVIDER, setUpArtifacts } from "../fakes/memory-artifacts.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const MIRROR = "https://hybrid-assets.eks.amazonaws.com/";
const MINUTE_MS = 60_000;

test("what is missing is downloaded, verified, stored by version, and linked", async () => {
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
  assert.ok(ids.includes(`link:${KUBELET}`) && ids.includes(`link:${PROVIDER}`), "reset knows");
});

test("a mirror may be a folder of this machine", async () => {
  const { host, mirror, checksums, round, linked } = setUpArtifacts(
    ["1.33.13"],
    "artifacts: { manifestUrl: 'file:///srv/eks%20mirror/manifest.yaml' }",
  );
  const folder = "/srv/eks mirror";
  for (const [url, sum] of checksums) host.files.put(url.replace(MIRROR, `${folder}/`), sum);
  for (const [url, content] of [...host.downloads])
    host.downloads.set(url.replace(MIRROR, "file:///srv/eks%20mirror/"), content);
  await round();
  assert.equal(await round(), "False ArtifactUnreachable", "its manifest is not there yet");
  host.files.put(`${folder}/manifest.yaml`, mirror.manifest);
  host.clock.jump(MINUTE_MS);
  await round();
  assert.equal(linked(), "1.33.13");
  assert.deepEqual(mirror.requests, [], "no server is asked");
});

test("when everything is installed, no server is asked", async () => {
  const { mirror, round } = setUpArtifacts(["1.33.13"]);
  await round();
  await round();
  const asked = mirror.requests.length;
  for (let look = 0; look < 100; look += 1) assert.equal(await round(), "True Installed");
  assert.equal(mirror.requests.length, asked);
});

test("a foreign kubelet is used as it is, whatever its version", async () => {
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
  [
    "a manifest that names no checksum",
    ({ mirror }) => (mirror.manifest = mirror.manifest.replaceAll(/checksum_uri: .*kubelet.sha256/g, "")),
    "ArtifactMissing",
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
  test(`${what} leaves nothing behind, is reported, and is tried again`, async () => {
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

test("aws_signing_helper comes first, when it is used: without it there are no keys, and the cluster is unknown", async () => {
  const { host, round, situation, linked } = setUpArtifacts(["1.33.13"], "", new MemoryHost(), ROLES_ANYWHERE);
  situation.cluster = undefined;
  await round();
  assert.equal(host.files.peekLink(HELPER), `${FOLDER}/aws_signing_helper/1.7.10/aws_signing_helper`, "the newest");
  assert.equal(linked(), undefined);
  situation.cluster = "1.33";
  await round();
  assert.equal(linked(), "1.33.13");
});

test("when keys come from elsewhere, aws_signing_helper is not downloaded", async () => {
  const { host, round } = setUpArtifacts(["1.33.13"]);
  await round();
  assert.equal(host.files.peekLink(HELPER), undefined);
});

test("artifacts.install: never reports what is missing instead", async () => {
  const { mirror, round, board } = setUpArtifacts(["1.33.13"], "artifacts: { install: never }");
  assert.equal(await round(), "False ArtifactsMissing");
  assert.match(
    board.get("ArtifactsInstalled").message,
    /kubelet \(\/usr\/bin\/kubelet\), ecr-credential-provider .*, CNI plugins/,
  );
  assert.deepEqual(mirror.requests, []);
});

test("a download reports its progress", async () => {
  const { host, round, board, messages } = setUpArtifacts(["1.33.13"]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const download = host.download.bind(host);
  host.download = async (request) => {
    request.onProgress?.(1, 58 * 2 ** 20);
    request.onProgress?.(25 * 2 ** 20, 58 * 2 ** 20);
    await promise;
    return download(request);
  };
  assert.equal(await round(), "Unknown Downloading");
  assert.match(board.get("ArtifactsInstalled").message, /cni-plugins: 25 of 58 MiB so far/);
  assert.ok(messages("info").includes("cni-plugins: 25 of 58 MiB so far"));
  resolve();
});

test("a change of the configuration aborts the download, which is not a failure and installs nothing", async () => {
  const { host, round, board, linked, end, artifacts } = setUpArtifacts(["1.33.13"]);
  const { promise, reject } = Promise.withResolvers<never>();
  host.download = async ({ signal }) => {
    signal?.addEventListener("abort", () => reject(new Error("aborted")));
    return promise;
  };
  await round();
  end.abort();
  await round();
  assert.notEqual(board.get("ArtifactsInstalled").status, "False");
  assert.deepEqual([artifacts.figures.failed, linked()], [0, undefined]);
});

test("a disk that fills up during a download gets its space back", async () => {
  const { host, round } = setUpArtifacts(["1.33.13"]);
  host.download = async ({ path }) => {
    host.files.put(path, "a beginning");
    throw new SatelliteError("disk-full", `${path} was not written`, { hint: "df -h" });
  };
  await round();
  assert.equal(await round(), "False DiskFull");
  assert.deepEqual(
    host.files.paths().filter((path) => path.endsWith(".part")),
    [],
  );
});

test("a kubelet that does not run here, says nothing, or is of another version than the mirror says, is not linked", async () => {
  for (const [said, hint] of [
    [{ exitCode: 126, stderr: "cannot execute" }, /df -h/],
    // An empty file does so: sh runs it.
    [{ stdout: "" }, /rm -r \S+\/kubelet\/1\.33\.13 has it downloaded anew/],
    [{ stdout: "Kubernetes v1.32.0-eks-a737599\n" }, /update the mirror/],
  ] as const) {
    const { host, round, linked, board } = setUpArtifacts(["1.33.13"]);
    host.install(`${FOLDER}/kubelet/1.33.13/kubelet`, () => said);
    await round();
    assert.equal(await round(), "False ArtifactBroken");
    assert.equal(linked(), undefined);
    assert.match(board.get("ArtifactsInstalled").hint ?? "", hint);
  }
});

test("CNI plugins without loopback are refused, and are not downloaded again in every round", async () => {
  const { host, mirror, round } = setUpArtifacts(["1.33.13"]);
  host.install("tar", () => ({}));
  await round();
  assert.equal(await round(), "False ArtifactBroken");
  const asked = mirror.requests.length;
  for (let look = 0; look < 10; look += 1) await round();
  assert.equal(mirror.requests.length, asked);
});
