import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../agent/errors.ts";
import { readContainerdConfig } from "../../agent/facts/containerd.ts";
import { readNodeFacts } from "../../agent/facts/node-facts.ts";
import { createVersionReader } from "../../agent/facts/versions.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { DOCKER_CONTAINERD_CONFIG, sampleCluster, sampleConfig } from "../fakes/samples.ts";

const CONFIG = "/etc/containerd/config.toml";

function setUp() {
  const { host } = new MemoryContainerd();
  const versions = createVersionReader(host);
  return { host, read: () => readNodeFacts(host, sampleConfig(), versions, sampleCluster()) };
}

test("a machine with everything installed has no gaps", async () => {
  const { host, read } = setUp();
  host.files.put(CONFIG, DOCKER_CONTAINERD_CONFIG);
  const facts = await read();
  assert.deepEqual([facts.kubeletVersion, facts.containerd?.version, facts.gaps], ["1.34.4", "1.7.27", []]);
  assert.equal(facts.containerd?.config.kind, "parsed");
});

test("a missing kubelet and a missing containerd are gaps: the rest is read all the same", async () => {
  const { host, read } = setUp();
  host.files.drop("/usr/bin/kubelet");
  host.files.drop("/usr/bin/containerd");
  const facts = await read();
  assert.deepEqual([facts.kubeletVersion, facts.containerd], [undefined, undefined]);
  assert.deepEqual(facts.gaps.map((gap) => (gap as { code: string }).code).toSorted(), [
    "containerd-missing",
    "kubelet-missing",
  ]);
  assert.equal(facts.machine.hostname, "GPU-1");
});

test("a containerd configuration that cannot be read is a gap", async () => {
  const { host, read } = setUp();
  host.files.put(CONFIG, "");
  host.files.refuseReads(CONFIG);
  const facts = await read();
  assert.equal(facts.containerd, undefined);
  assert.deepEqual(
    facts.gaps.map((gap) => (gap as { code: string }).code),
    ["file-unreadable"],
  );
});

test("the error of an unparsable configuration is one line, and quotes nothing of the file: it may hold a password", async () => {
  const { host } = setUp();
  host.files.put(CONFIG, "[registry.auth]\npassword = top-secret\n");
  const found = await readContainerdConfig(host, CONFIG);
  const { message } = describe(found.kind === "unparsable" ? found.error : undefined);
  assert.match(message, /config\.toml:2 is not TOML/);
  assert.doesNotMatch(message, /top-secret|\n/);
});

test("a containerd configuration that is not TOML is a finding with its line", async () => {
  const { host } = setUp();
  host.files.put(CONFIG, "version = 2\n\n[plugins\n");
  const found = await readContainerdConfig(host, CONFIG);
  assert.equal(found.kind, "unparsable");
  assert.equal(found.kind === "unparsable" && found.error.code, "containerd-config-unparsable");
  assert.match(
    found.kind === "unparsable" ? found.error.message : "",
    /^\/etc\/containerd\/config\.toml:3 is not TOML/,
  );
});
