import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToml } from "../../agent/facts/containerd.ts";
import { readNvidiaToolkit } from "../../agent/facts/nvidia-toolkit.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("the package's programs come before GPU Operator's, whose nvidia-ctk does not count", async () => {
  const host = new MemoryHost();
  assert.deepEqual(await readNvidiaToolkit(host, []), { missing: [] });
  host.files.put("/usr/local/nvidia/toolkit/nvidia-container-runtime", "");
  host.files.put("/usr/local/nvidia/toolkit/nvidia-ctk", "");
  const operators = { runtime: "/usr/local/nvidia/toolkit/nvidia-container-runtime", missing: [] };
  assert.deepEqual(await readNvidiaToolkit(host, []), operators);
  host.files.put("/usr/bin/nvidia-ctk", "");
  assert.deepEqual(await readNvidiaToolkit(host, []), { ...operators, ctk: "/usr/bin/nvidia-ctk" });
  host.files.put("/usr/local/sbin/nvidia-container-runtime", "");
  assert.equal((await readNvidiaToolkit(host, [])).runtime, "/usr/local/sbin/nvidia-container-runtime");
});

test("programs that containerd's configuration names and that do not exist are listed; bare names are left to containerd", async () => {
  const host = new MemoryHost();
  host.files.put("/opt/there", "");
  const config = parseToml(`
[plugins.cri.containerd.runtimes.a.options]
BinaryName = "/opt/gone"
[plugins.cri.containerd.runtimes.b.options]
BinaryName = "/opt/there"
[plugins.cri.containerd.runtimes.c.options]
BinaryName = "runc"
`);
  assert.deepEqual((await readNvidiaToolkit(host, [config, config])).missing, ["/opt/gone"]);
});
