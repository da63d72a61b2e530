import assert from "node:assert/strict";
import { test } from "node:test";
import { readSavedEntry, writeSavedEntry } from "../../agent/network/saved-entry.ts";
import { readClusterWord } from "../../agent/network/tunnel-entry.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleConfig } from "../fakes/samples.ts";
import { clusterMaps, OTHER_KEY } from "./samples.ts";

const FILE = "/var/lib/eks-satellite/network.json";
const CONFIG = sampleConfig();

function sampleEntry() {
  const { network, gateways } = clusterMaps({ "gpu-1": OTHER_KEY });
  const word = readClusterWord("gpu-1", network, gateways);
  assert.ok(word.kind === "entry");
  return { entry: word.entry, resolved: { "gw.example.com:51820": "198.51.100.5:51820" } };
}

test("what was said is there again after a reboot, and that nothing was said too", async () => {
  const host = new MemoryHost();
  assert.equal(await readSavedEntry(host, CONFIG), undefined);
  await writeSavedEntry(host, CONFIG, sampleEntry());
  assert.equal(host.files.peek(FILE)?.mode, 0o600);
  assert.deepEqual(await readSavedEntry(host, CONFIG), sampleEntry());
  await writeSavedEntry(host, CONFIG, { entry: undefined, resolved: {} });
  assert.deepEqual(await readSavedEntry(host, CONFIG), { entry: undefined, resolved: {} });
});

test("an entry of another node or another cluster is none", async () => {
  const host = new MemoryHost();
  await writeSavedEntry(host, CONFIG, sampleEntry());
  assert.equal(await readSavedEntry(host, sampleConfig("node: { name: gpu-2 }")), undefined);
  assert.equal(await readSavedEntry(host, { ...CONFIG, cluster: { ...CONFIG.cluster, name: "other" } }), undefined);
});

test("a damaged file counts as none, whatever is in it", async () => {
  const host = new MemoryHost();
  await writeSavedEntry(host, CONFIG, sampleEntry());
  const text = host.files.peek(FILE)?.content ?? "";
  const broken = [
    "",
    "{",
    "null",
    "[]",
    text.slice(0, -20),
    text.replace('"version":1', '"version":2'),
    " ".repeat(100_000),
  ];
  for (const content of [...broken, text.replace("10.250.0.11", "10.250.0.11; reboot")]) {
    host.files.put(FILE, content);
    assert.equal(await readSavedEntry(host, CONFIG), undefined, content.slice(0, 30));
  }
  host.files.refuseReads(FILE);
  assert.equal(await readSavedEntry(host, CONFIG), undefined);
});
