import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheCluster } from "../../agent/aws/cluster.ts";
import { renderManifest } from "../fakes/artifact-mirror.ts";
import { CONFIG_FILE, setUpCheck } from "../fakes/check-machine.ts";
import { MINIMAL_CONFIG, sampleCluster } from "../fakes/samples.ts";

const MANIFEST = "https://hybrid-assets.eks.amazonaws.com/manifest.yaml";

/** A machine without kubelet, beside a mirror that answers this; another answer for the checksums when it is given. */
async function setUp(manifest: string, checksum = "ab".repeat(32)) {
  const setup = setUpCheck();
  const { host } = setup;
  await cacheCluster(host, "/var/lib/eks-satellite/cluster.json", sampleCluster());
  host.files.drop("/usr/bin/kubelet");
  const others = host.onFetch;
  host.onFetch = (request) => {
    if (request.url === MANIFEST) return { status: 200, body: manifest };
    return request.url.endsWith(".sha256") ? { status: 200, body: checksum } : others(request);
  };
  return { ...setup, look: () => setup.find("artifacts") };
}

test("missing programs are listed with the mirror's offer", async () => {
  const { look } = await setUp(renderManifest(["1.33.9", "1.34.4"]));
  const { outcome, evidence, remedy } = await look();
  assert.equal(outcome, "pending");
  assert.match(
    evidence,
    /^missing: \/usr\/bin\/kubelet; https:\/\/hybrid-assets.*manifest\.yaml has kubelet 1\.34\.4$/,
  );
  assert.match(remedy ?? "", /eks-satellite run downloads them/);
});

test("an obstacle to a download is a failure with a remedy", async () => {
  const whole = renderManifest(["1.34.4"]);
  for (const [manifest, checksum, says] of [
    ["<html>", undefined, /is not a manifest/],
    [renderManifest(["1.29.1"]), undefined, /has no release of version 1\.34/],
    [whole, "<html>", /holds no SHA-256/],
  ] as const) {
    const { outcome, evidence, remedy } = await (await setUp(manifest, checksum)).look();
    assert.deepEqual([outcome, typeof remedy], ["fail", "string"]);
    assert.match(evidence, says);
  }
  const full = await setUp(whole);
  full.host.files.spaces.set("/opt", { ...full.host.files.defaultSpace, availableBytes: 1e8 });
  const { outcome, evidence, remedy } = await full.look();
  assert.deepEqual([outcome, remedy], ["fail", "df -h /opt."]);
  assert.match(evidence, /\/opt has 95 MiB free/);
});

test("on a complete machine the mirror is asked only where kubelet follows the cluster, and its failure is a warning", async () => {
  const { host, look } = await setUp("<html>");
  for (const path of ["/usr/bin/kubelet", "/etc/eks/image-credential-provider/ecr-credential-provider"])
    host.files.put(path, "", { mode: 0o755 });
  assert.equal((await look()).outcome, "ok");
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nkubelet: { upgrade: auto }\n`);
  const { outcome, evidence } = await look();
  assert.equal(outcome, "warn");
  assert.match(evidence, /is not a manifest/);
});

test("with artifacts.install: never the missing programs are a warning, and no mirror is asked", async () => {
  const { host, look } = await setUp("<html>");
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nartifacts: { install: never }\n`);
  const { outcome, remedy } = await look();
  assert.equal(outcome, "warn");
  assert.match(remedy ?? "", /^Install them/);
});
