// Which configuration is in force: the one in the file, or the last good one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfigOrLastGood } from "../../agent/config/in-force.ts";
import { LAST_GOOD_CONFIG_PATH } from "../../agent/config/load.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";

const FILE = "/etc/eks-satellite/config.yaml";

test("a valid configuration is kept for a start with an invalid file", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, MINIMAL_CONFIG);
  const { config, problem } = await loadConfigOrLastGood(host, FILE);
  assert.equal(config.node.name, "gpu-1");
  assert.equal(problem, undefined);
  assert.deepEqual(
    [host.files.peek(LAST_GOOD_CONFIG_PATH)?.content, host.files.peek(LAST_GOOD_CONFIG_PATH)?.mode],
    [MINIMAL_CONFIG, 0o600],
  );
});

test("a configuration that has not changed is not written again", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, MINIMAL_CONFIG);
  await loadConfigOrLastGood(host, FILE);
  const before = host.files.changes.length;
  await loadConfigOrLastGood(host, FILE);
  assert.equal(host.files.changes.length, before);
});

test("a broken configuration leaves the last good one in force and reports the mistake", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, `${MINIMAL_CONFIG}\nnode: { name: before }`);
  await loadConfigOrLastGood(host, FILE);
  for (const broken of ["cluster: [", `${MINIMAL_CONFIG}\nnodes: {}`]) {
    host.files.put(FILE, broken);
    const { config, problem } = await loadConfigOrLastGood(host, FILE);
    assert.equal(config.node.name, "before");
    assert.match((problem as { code: string }).code, /^config-(syntax|invalid)$/);
  }
});

test("without an earlier configuration, or with a damaged one, the mistake in the file is the error", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, "cluster: [");
  await assert.rejects(loadConfigOrLastGood(host, FILE), { code: "config-syntax", message: /^\/etc\// });
  host.files.put(LAST_GOOD_CONFIG_PATH, "\0garbage: [");
  await assert.rejects(loadConfigOrLastGood(host, FILE), { code: "config-syntax", message: /^\/etc\// });
});

test("a full disk does not keep a valid configuration from being used", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, MINIMAL_CONFIG);
  await loadConfigOrLastGood(host, FILE);
  host.files.put(FILE, `${MINIMAL_CONFIG}\nnode: { name: after }`);
  host.files.refuseWrites("/var/lib/eks-satellite", "ENOSPC");
  const { config, problem } = await loadConfigOrLastGood(host, FILE);
  assert.equal(config.node.name, "after");
  assert.equal((problem as { code: string }).code, "disk-full");
});
