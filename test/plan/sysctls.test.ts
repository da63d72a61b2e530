import assert from "node:assert/strict";
import { test } from "node:test";
import { planModules, planSysctls, renderSysctlFile } from "../../agent/plan/sysctls.ts";

const keysOf = (cni: "host" | "none") => planSysctls(cni).map(({ key }) => key);

test("the settings are sorted, and each says why it is there", () => {
  for (const cni of ["host", "none"] as const) {
    assert.deepEqual(keysOf(cni), keysOf(cni).toSorted());
    assert.ok(planSysctls(cni).every(({ why }) => why.length > 0));
  }
});

test("what kubelet's protectKernelDefaults demands is set with every CNI", () => {
  const demanded = ["kernel.panic", "kernel.panic_on_oops", "vm.overcommit_memory", "vm.panic_on_oom"];
  for (const cni of ["host", "none"] as const) assert.ok(demanded.every((key) => keysOf(cni).includes(key)));
});

test("a bridge is cared for only where a CNI plugin of the cluster may make one, with its module before it", () => {
  const isBridge = (key: string) => key.startsWith("net.bridge.");
  assert.deepEqual([keysOf("host").some(isBridge), keysOf("none").some(isBridge)], [false, true]);
  const modules = (cni: "host" | "none") => planModules(cni).map(({ name }) => name);
  assert.deepEqual([modules("host"), modules("none")], [["overlay"], ["br_netfilter", "overlay"]]);
});

test("the file for the next boot has one setting a line, as sysctl.d(5) reads it, and leaves forwarding to Docker", () => {
  const [notice, ...lines] = renderSysctlFile(planSysctls("none")).trimEnd().split("\n");
  assert.match(notice ?? "", /^# /);
  const keys = lines.map((line) => line.split(" ")[0]);
  assert.deepEqual(
    keys,
    keysOf("none").filter((key) => key !== "net.ipv4.ip_forward"),
  );
  for (const line of lines) assert.match(line, /^[a-z0-9._-]+ = \d+$/);
});
