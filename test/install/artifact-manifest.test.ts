import assert from "node:assert/strict";
import { test } from "node:test";
import {
  defaultManifestUrl,
  findRelease,
  isListed,
  parseChecksum,
  parseManifest,
} from "../../agent/install/artifact-manifest.ts";
import { renderManifest } from "../fakes/artifact-mirror.ts";

const URL = "https://mirror.example.com/eks/manifest.yaml";
const parse = (text: string) => parseManifest(text, URL);

test("the newest patch of a minor version is found, or the named version, for this machine's architecture", () => {
  const manifest = parse(renderManifest(["1.33.13", "1.34.4", "1.34.10", "1.34.9"]));
  const find = (wanted: { minor: string } | { version: string }, architecture = "amd64") =>
    findRelease(manifest, wanted, architecture, URL);
  assert.equal(find({ minor: "1.34" }).version, "1.34.10");
  assert.equal(find({ version: "1.33.13" }).version, "1.33.13");
  assert.equal(
    find({ minor: "1.34" }).sources.kubelet?.url,
    "https://mirror.example.com/eks/1.34.10/bin/linux/amd64/kubelet",
    "relative addresses are relative to the manifest",
  );
  assert.deepEqual(find({ minor: "1.34" }, "riscv64").sources, {});
  assert.throws(() => find({ minor: "1.35" }), {
    code: "release-unknown",
    message: /no release of version 1\.35; it has 1\.33\.13, 1\.34\.4/,
  });
  assert.throws(() => find({ minor: "1.3" }), { code: "release-unknown" });
});

test("of two builds of one version the later one counts", () => {
  const text = renderManifest(["1.34.4", "1.34.4"]).replace("release_date: 2026-01-02", "release_date: 2026-02-03");
  const first = text.indexOf("1.34.4/bin");
  const manifest = parse(`${text.slice(0, first)}1.34.4/later/bin${text.slice(first + "1.34.4/bin".length)}`);
  assert.match(findRelease(manifest, { minor: "1.34" }, "amd64", URL).sources["cni-plugins"]?.url ?? "", /1\.34\.4/);
  const dates = manifest.supported_eks_releases[0]?.patch_releases.map((release) => release.release_date);
  assert.deepEqual(dates, ["2026-02-03", "2026-01-02"]);
  assert.equal(findRelease(manifest, { minor: "1.34" }, "amd64", URL).sources.kubelet?.url.includes("later"), true);
});

const NONE: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ["a page of HTML", "<!DOCTYPE html><title>Sign in</title>", /it is a page of HTML/],
  ["something that is not YAML", "a: [", /it is not YAML/],
  ["another document", "releases: []", /supported_eks_releases/],
  ["nothing", "", /./],
];
for (const [what, text, says] of NONE) {
  test(`${what} is not a manifest, and the error names the URL`, () => {
    assert.throws(() => parse(text), {
      code: "manifest-invalid",
      message: new RegExp(`${URL}.*${says.source}`),
      hint: /such as a proxy/,
    });
  });
}

test("a mirror of nodeadm sync-artifacts is parsed: absolute addresses, one architecture, lists that are null", () => {
  const base = "https://bucket.s3.us-west-2.amazonaws.com/eks/1760000000";
  const manifest = parse(`iam_roles_anywhere_releases: null
region_config:
  us-west-2:
    cred_providers: { iam-ra: true, ssm: true }
    dns_suffix: ""
    ecr_account_id: "602401143452"
    partition: ""
ssm_releases:
- artifacts:
  - arch: amd64
    name: ssm-setup-cli
    os: linux
    uri: ${base}/ssm/ssm-setup-cli
  version: latest
supported_eks_releases:
- latest_patch_version: "4"
  major_minor_version: "1.34"
  patch_releases:
  - artifacts:
    - arch: amd64
      checksum_uri: ${base}/eks/cni-plugins.sha256
      name: cni-plugins
      os: linux
      uri: ${base}/eks/cni-plugins
    - arch: amd64
      name: kubelet
      os: linux
      uri: ${base}/eks/kubelet
    patch_version: "4"
    release_date: "2026-03-01"
    version: 1.34.4
- latest_patch_version: ""
  major_minor_version: "1.33"
  patch_releases: null
`);
  assert.deepEqual(findRelease(manifest, { minor: "1.34" }, "amd64", URL), {
    version: "1.34.4",
    sources: {
      "cni-plugins": { url: `${base}/eks/cni-plugins`, checksumUrl: `${base}/eks/cni-plugins.sha256` },
      kubelet: { url: `${base}/eks/kubelet`, checksumUrl: undefined },
    },
  });
  assert.deepEqual([isListed(manifest, "1.34.4"), isListed(manifest, "1.33.0")], [true, false]);
});

test("a mirror may be a folder of this machine; addresses with another protocol are named in the error", () => {
  const manifest = parse(renderManifest(["1.34.4"]));
  const { sources } = findRelease(manifest, { minor: "1.34" }, "amd64", "file:///srv/eks%20mirror/manifest.yaml");
  assert.equal(sources.kubelet?.url, "file:///srv/eks%20mirror/1.34.4/bin/linux/amd64/kubelet");
  const stored = parse(renderManifest(["1.34.4"]).replaceAll("uri: 1.34.4", "uri: s3://bucket/1.34.4"));
  assert.throws(() => findRelease(stored, { minor: "1.34" }, "amd64", URL), {
    code: "manifest-invalid",
    message: /names s3:\/\/bucket\/1\.34\.4.*, which is not https/,
  });
});

test("a file may come over plain http, its checksum may not", () => {
  const clear = renderManifest(["1.34.4"]).replaceAll(/([^_]uri): 1\.34\.4/g, "$1: http://mirror.example.com/1.34.4");
  const { sources } = findRelease(parseManifest(clear, URL), { version: "1.34.4" }, "amd64", URL);
  assert.match(sources.kubelet?.url ?? "", /^http:/);
  const both = renderManifest(["1.34.4"]).replaceAll("uri: 1.34.4", "uri: http://mirror.example.com/1.34.4");
  assert.throws(() => findRelease(parseManifest(both, URL), { version: "1.34.4" }, "amd64", URL), {
    code: "manifest-invalid",
    message: /names http:\/\/mirror.*sha256, which is not https/,
  });
});

test("a checksum is the SHA-256 of a line of sha256sum, and nothing else is accepted", () => {
  const sum = "AB".repeat(32);
  assert.equal(parseChecksum(`${sum}  kubelet\n`, URL), sum.toLowerCase());
  assert.equal(parseChecksum(`${sum}\n`, URL), sum.toLowerCase());
  for (const text of ["", "<html>", `${"ab".repeat(20)}  kubelet`])
    assert.throws(() => parseChecksum(text, URL), {
      code: "checksum-unreadable",
      hint: /Nothing is installed without a checksum/,
    });
});

test("China has a manifest of its own", () => {
  assert.match(defaultManifestUrl("cn-north-1"), /^https:\/\/eks-hybrid-assets\.awsstatic\.cn\//);
  assert.match(defaultManifestUrl("us-gov-west-1"), /^https:\/\/hybrid-assets\.eks\.amazonaws\.com\//);
});

test("a manifest of many keys takes no minute, and one of too many is refused at once", () => {
  const keys = (count: number) => Array.from({ length: count }, (_, index) => `key${index}: 1\n`).join("");
  const startedAt = performance.now();
  parseManifest(`supported_eks_releases: []\n${keys(20_000)}`, URL);
  assert.ok(performance.now() - startedAt < 8000, "20,000 keys");
  for (const text of [keys(200_000), `{${"a: 1,".repeat(200_000)}}`])
    assert.throws(() => parseManifest(text, URL), { code: "manifest-invalid", message: /100000 entries/ });
  assert.ok(performance.now() - startedAt < 9000);
});

test("a manifest of the web names no file of this machine", () => {
  const manifest = (uri: string, checksum: string) =>
    parseManifest(
      `supported_eks_releases: [{ major_minor_version: "1.34", patch_releases: [{ version: 1.34.4, artifacts: [{ name: kubelet, arch: amd64, os: linux, uri: "${uri}", checksum_uri: "${checksum}" }] }] }]`,
      URL,
    );
  const find = (uri: string, checksum: string, url: string) =>
    findRelease(manifest(uri, checksum), { minor: "1.34" }, "amd64", url);
  for (const [uri, checksum] of [
    ["https://m.example/k", "file:///etc/shadow"],
    ["file:///etc/shadow", "https://m.example/k.sha256"],
  ] as const)
    assert.throws(() => find(uri, checksum, "https://m.example/manifest.yaml"), { code: "manifest-invalid" });
  assert.equal(
    find("file:///m/k", "file:///m/k.sha256", "file:///m/manifest.yaml").sources.kubelet?.url,
    "file:///m/k",
  );
});
