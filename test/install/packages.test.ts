import assert from "node:assert/strict";
import { test } from "node:test";
import { dependenciesOf, findMissing } from "../../agent/install/packages.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleConfig } from "../fakes/samples.ts";

const config = sampleConfig();

test("on an empty machine every program is missing, in the order of the report", async () => {
  assert.deepEqual(await findMissing(new MemoryHost(), config), dependenciesOf(config));
});

test("a program counts wherever it is installed, and a folder of its name does not", async () => {
  const host = new MemoryHost();
  for (const path of ["/usr/bin/containerd", "/usr/local/sbin/runc", "/sbin/iptables", "/bin/socat"])
    host.files.put(path, "ELF");
  host.files.putFolder("/usr/sbin/conntrack");
  const missing = await findMissing(host, config);
  assert.deepEqual(
    missing.map(({ program }) => program),
    ["conntrack"],
  );
});
