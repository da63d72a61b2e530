import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pinRelease, type ReleaseRequest } from "../../../agent/admin/user-data/pinned-release.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const [AMD, ARM] = ["a".repeat(64), "B".repeat(64)];
const SUMS = `${AMD}  eks-satellite-1.2.3-linux-amd64.tar.gz
${ARM} *eks-satellite-1.2.3-linux-arm64.tar.gz
${AMD}  eks-satellite_1.2.3_amd64.deb
`;
const MIRROR = "https://mirror.example.com/releases";

function pin(change: Partial<ReleaseRequest> = {}, answer: { status?: number; body?: string } | Error = {}) {
  const host = new MemoryHost();
  const asked: string[] = [];
  host.onFetch = ({ url }) => {
    asked.push(url);
    if (answer instanceof Error) throw answer;
    return { status: 200, body: SUMS, ...answer };
  };
  host.files.put("/sums", SUMS);
  const request = { version: "1.2.3", baseUrl: MIRROR, isHttpAllowed: false, isUnsignedAllowed: true, ...change };
  return { asked, pinned: pinRelease(host, request) };
}

test("a release is pinned with the checksum of each architecture's tarball", async () => {
  const { asked, pinned } = pin({ version: "v1.2.3", baseUrl: `${MIRROR}/` });
  assert.deepEqual(await pinned, {
    ...{ version: "1.2.3", baseUrl: MIRROR },
    sums: { amd64: AMD, arm64: ARM.toLowerCase() },
  });
  assert.deepEqual(asked, [`${MIRROR}/download/v1.2.3/SHA256SUMS`]);
});

test("a file of checksums asks no network, and makes a mirror in the clear as good as another", async () => {
  const { asked, pinned } = pin({ sumsFile: "/sums", baseUrl: "http://10.0.0.1/releases" });
  assert.equal((await pinned).sums.amd64, AMD);
  assert.deepEqual(asked, []);
});

test("one architecture is enough", async () => {
  assert.deepEqual(Object.keys((await pin({}, { body: SUMS.split("\n")[0] ?? "" }).pinned).sums), ["amd64"]);
});

for (const [what, change, answer, code, message, hint] of [
  ["a version that is none", { version: "latest" }, {}, "options-invalid", /"latest" is no version/, /1\.2\.3/],
  ["a version that a shell would run", { version: "1.2.3;id" }, {}, "options-invalid", /is no version/, /./],
  ["a mirror that is none", { baseUrl: "ftp://x" }, {}, "options-invalid", /EKS_SATELLITE_BASE_URL/, /./],
  [
    "checksums in the clear",
    { baseUrl: "http://10.0.0.1/r" },
    {},
    "options-invalid",
    /http is not trusted/,
    /--sums FILE/,
  ],
  ["a file that is not there", { sumsFile: "/nowhere" }, {}, "options-invalid", /no such file/, /SHA256SUMS/],
  ["a release that is not there", {}, { status: 404 }, "release-not-found", /answered 404/, /--eks-satellite-version/],
  ["a mirror that is silent", {}, new Error("ECONNREFUSED"), "release-unreachable", /not answered/, /HTTPS_PROXY/],
  ["a page of a proxy", {}, { body: "<html>" }, "checksums-invalid", /no checksum of eks-satellite-1\.2\.3/, /a proxy/],
  [
    "checksums of another version",
    { version: "1.2.4" },
    {},
    "checksums-invalid",
    /1\.2\.4/,
    /it has eks-satellite-1\.2\.3-linux-amd64/,
  ],
] as const) {
  test(`${what}: the error says what to do`, async () => {
    await assert.rejects(pin(change, answer).pinned, { code, message, hint });
  });
}

test("checksums in the clear are taken where that is said, and a mirror's password is shown nowhere", async () => {
  assert.equal((await pin({ baseUrl: "http://10.0.0.1/r", isHttpAllowed: true }).pinned).sums.amd64, AMD);
  const refused = pin({ baseUrl: "https://joe:hunter2@mirror/r" }, { status: 401 }).pinned;
  await assert.rejects(
    refused,
    (error: Error) => error.message.includes("//…@mirror") && !error.message.includes("hunter2"),
  );
});

/** A key, a list of it, and its signature of {@link SUMS}, by the real ssh-keygen. */
function signed() {
  const folder = mkdtempSync(join(tmpdir(), "pinned-release-"));
  const key = join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const args = ["-Y", "sign", "-f", key, "-n", "eks-satellite-release"];
  const signature = execFileSync("ssh-keygen", args, {
    ...{ input: SUMS, encoding: "utf8" as const },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const signers = `eks-satellite-release ${readFileSync(`${key}.pub`, "utf8")}`;
  rmSync(folder, { recursive: true });
  return { signature, signers };
}

/** Pins it where signatures count. @param files of this machine */
function pinSigned(
  change: Partial<ReleaseRequest>,
  files: Readonly<Record<string, string>>,
  answer = { status: 404, body: "" },
) {
  const host = new MemoryHost();
  for (const [path, text] of Object.entries(files)) host.files.put(path, text);
  const asked: string[] = [];
  host.onFetch = ({ url }) => {
    asked.push(url);
    return url.endsWith(".sig") ? answer : { status: 200, body: SUMS };
  };
  const request = { version: "1.2.3", baseUrl: MIRROR, isHttpAllowed: false, isUnsignedAllowed: false, ...change };
  return { asked, pinned: pinRelease(host, request) };
}

test("checksums are pinned when a known key has signed them, downloaded or from a file", async () => {
  const { signature, signers } = signed();
  const files = { "/keys": signers, "/sums": SUMS, "/sums.sig": signature };
  const { asked, pinned } = pinSigned({ signersFile: "/keys" }, files, { status: 200, body: signature });
  assert.equal((await pinned).sums.amd64, AMD);
  assert.deepEqual(asked, [`${MIRROR}/download/v1.2.3/SHA256SUMS`, `${MIRROR}/download/v1.2.3/SHA256SUMS.sig`]);
  const local = pinSigned({ signersFile: "/keys", sumsFile: "/sums" }, files);
  assert.equal((await local.pinned).sums.amd64, AMD);
  assert.deepEqual(local.asked, []);
});

test("checksums without a signature, with another key's or with one that cannot be had are refused", async () => {
  const { signature, signers } = signed();
  const files = { "/keys": signed().signers, "/sums": SUMS, "/ours": signers };
  const refusals = [
    [{}, { status: 404, body: "" }, "release-unsigned", /SHA256SUMS has no signature beside it/],
    [{ sumsFile: "/sums" }, undefined, "release-unsigned", /^\/sums has no signature/],
    [{}, { status: 503, body: "" }, "release-not-found", /SHA256SUMS\.sig was answered 503/],
    [{ signersFile: "/keys" }, { status: 200, body: signature }, "release-key-unknown", /none of the keys of \/keys/],
    [{}, { status: 200, body: signature }, "release-key-unknown", /none of the keys of eks-satellite \d/],
    [{ signersFile: "/ours" }, { status: 200, body: "<html>" }, "release-signature-invalid", /no signature/],
    [{ signersFile: "/nowhere" }, { status: 200, body: signature }, "options-invalid", /no such file/],
  ] as const;
  for (const [change, answer, code, message] of refusals)
    await assert.rejects(pinSigned(change, files, answer).pinned, { code, message });
});
