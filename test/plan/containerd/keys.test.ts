import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToml } from "../../../agent/facts/containerd.ts";
import { CRI_V2, hasDoubledKeys, unifyKeys } from "../../../agent/plan/containerd/keys.ts";

const runc = (options: string) => parseToml(`[plugins."${CRI_V2}".containerd.runtimes.runc.options]\n${options}\n`);
const optionsOf = (options: string, version: string) => {
  const { plugins } = unifyKeys(runc(options), version) as { plugins: Record<string, never> };
  const { containerd } = plugins[CRI_V2] as unknown as { containerd: { runtimes: { runc: { options: object } } } };
  return { ...containerd.runtimes.runc.options };
};

test("a key in another case gets containerd's own spelling", () => {
  for (const version of ["1.6.20", "2.2.0"])
    assert.deepEqual(optionsOf("systemdCgroup = true\nMine = 1", version), { SystemdCgroup: true, Mine: 1n });
});

test("of two spellings the exact one counts up to 1.7, the last one since 2.0, as in containerd", () => {
  const both = "SystemdCgroup = true\nsystemdCgroup = false";
  assert.deepEqual(optionsOf(both, "1.7.27"), { SystemdCgroup: true });
  assert.deepEqual(optionsOf(both, "2.0.0"), { SystemdCgroup: false });
  assert.equal(hasDoubledKeys(runc(both)), true);
  assert.equal(hasDoubledKeys(runc("systemdCgroup = false")), false);
});

test("a spelling that containerd 1 does not heed stays as it is, unless one that it heeds is beside it", () => {
  assert.deepEqual(optionsOf("SYSTEMDcgroup = true", "1.7.27"), { SYSTEMDcgroup: true });
  assert.deepEqual(optionsOf("SYSTEMDcgroup = true\nSYSTEMDCGROUP = false", "1.7.27"), { SystemdCgroup: false });
  assert.deepEqual(optionsOf("SYSTEMDcgroup = true", "2.2.0"), { SystemdCgroup: true });
});

test("tables in another case are read too, and containerd 2 takes the keys of both", () => {
  const text = `Version = 2
[Plugins."${CRI_V2}".CONTAINERD.Runtimes.Runc]
Runtime_Type = "io.containerd.runc.v2"
[plugins."${CRI_V2}".Cni]
Bin_Dir = "/a"
`;
  const { version, plugins } = unifyKeys(parseToml(text), "2.2.0") as Record<string, never>;
  assert.equal(version, 2n);
  assert.deepEqual(JSON.parse(JSON.stringify(plugins)), {
    [CRI_V2]: {
      containerd: { runtimes: { Runc: { runtime_type: "io.containerd.runc.v2" } } },
      cni: { bin_dir: "/a" },
    },
  });
});

test("names that others chose keep their case: plugins, runtimes, registries", () => {
  const text = `[plugins."IO.containerd.grpc.v1.cri"]
a = 1
[plugins."${CRI_V2}".containerd.runtimes.RUNC]
[plugins."${CRI_V2}".containerd.runtimes.runc]
[plugins."${CRI_V2}".registry.mirrors."Docker.io"]
[plugins."${CRI_V2}".registry.mirrors."docker.io"]
`;
  const table = parseToml(text);
  for (const version of ["1.7.27", "2.2.0"])
    assert.equal(JSON.stringify(unifyKeys(table, version), whole), JSON.stringify(table, whole));
  assert.equal(hasDoubledKeys(table), false);
});

const whole = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
