import assert from "node:assert/strict";
import { test } from "node:test";
import { readKubeletSituation, readOffer } from "../../agent/install/available-artifacts.ts";
import { setUpArtifacts } from "../fakes/memory-artifacts.ts";
import { sampleConfig } from "../fakes/samples.ts";

test("a mirror offers its minor versions and the release of the wanted one, and nothing is written", async () => {
  const { host } = setUpArtifacts(["1.33.13", "1.34.4", "1.34.5"]);
  const before = host.files.changes.length;
  const { versions, release, manifestUrl } = await readOffer(host, sampleConfig(), { minor: "1.34" });
  assert.deepEqual(versions, ["1.33", "1.34"]);
  assert.equal(release?.version, "1.34.5");
  assert.equal(manifestUrl, "https://hybrid-assets.eks.amazonaws.com/manifest.yaml");
  assert.equal((await readOffer(host, sampleConfig(), undefined)).release, undefined);
  assert.equal(host.files.changes.length, before);
});

test("artifacts.manifestUrl names another mirror", async () => {
  const { host, mirror } = setUpArtifacts(["1.34.4"]);
  const config = sampleConfig("artifacts: { manifestUrl: 'https://mirror.example.com/eks/manifest.yaml' }");
  assert.equal((await readOffer(host, config, undefined)).manifestUrl, "https://mirror.example.com/eks/manifest.yaml");
  assert.deepEqual(mirror.requests, ["https://mirror.example.com/eks/manifest.yaml"]);
});

test("a release without a readable checksum is not an offer", async () => {
  const { host, checksums } = setUpArtifacts(["1.34.4"]);
  for (const url of checksums.keys()) checksums.set(url, "<html>");
  await assert.rejects(readOffer(host, sampleConfig(), { minor: "1.34" }), { code: "checksum-unreadable" });
  checksums.clear();
  await assert.rejects(readOffer(host, sampleConfig(), { minor: "1.34" }), { code: "artifact-unreachable" });
});

test("kubelet is absent, foreign, or a link to the store with its release", async () => {
  const { host } = setUpArtifacts([]);
  const { kubelet } = sampleConfig();
  const read = async () => {
    const { owner, installed } = await readKubeletSituation(host, kubelet, "1.34");
    return [owner, installed];
  };
  assert.deepEqual(await read(), ["none", undefined]);
  host.files.put(kubelet.path, "ELF");
  assert.deepEqual(await read(), ["foreign", undefined]);
  host.files.drop(kubelet.path);
  host.files.put("/opt/eks-satellite-artifacts/kubelet/1.34.4/kubelet", "ELF");
  host.files.putLink(kubelet.path, "/opt/eks-satellite-artifacts/kubelet/1.34.4/kubelet");
  assert.deepEqual(await read(), ["agent", "1.34.4"]);
});
