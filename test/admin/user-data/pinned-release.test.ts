import assert from "node:assert/strict";
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
  const request = { version: "1.2.3", baseUrl: MIRROR, isHttpAllowed: false, ...change };
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
