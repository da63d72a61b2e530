import assert from "node:assert/strict";
import { test } from "node:test";
import { DEPENDENCIES, findMissing } from "../../agent/install/packages.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("on an empty machine every program is missing, in the order of the report", async () => {
  assert.deepEqual(await findMissing(new MemoryHost()), DEPENDENCIES);
});

test("a program counts wherever it is installed, and a folder of its name does not", async () => {
  const host = new MemoryHost();
  for (const path of ["/usr/bin/containerd", "/usr/local/sbin/runc", "/sbin/iptables", "/bin/socat"])
    host.files.put(path, "ELF");
  host.files.putFolder("/usr/sbin/conntrack");
  const missing = await findMissing(host);
  assert.deepEqual(
    missing.map(({ program }) => program),
    ["conntrack"],
  );
});
