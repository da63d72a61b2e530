import assert from "node:assert/strict";
import { test } from "node:test";
import { listCniFolders, planCniFolders } from "../../../agent/plan/containerd/cni.ts";

const V1 = { file: 2, containerd: "1.7.27" };
const V2 = { file: 3, containerd: "2.2.0" };

test("what a distribution's package ships is no user's choice: plugins are looked for where EKS puts them", () => {
  for (const folder of ["/usr/lib/cni", "/usr/lib/cni/", "/usr/libexec/cni"]) {
    assert.deepEqual(planCniFolders({ bin_dir: folder }, V1), { bin_dir: "/opt/cni/bin" });
    assert.deepEqual(planCniFolders({ bin_dir: folder }, V2), { bin_dir: "/opt/cni/bin" });
    assert.deepEqual(planCniFolders({ bin_dirs: [folder] }, V2), { bin_dirs: ["/opt/cni/bin", folder] });
  }
});

test("a user's folder stays", () => {
  assert.deepEqual(planCniFolders({ bin_dir: "/srv/cni" }, V1), {});
  assert.deepEqual(planCniFolders({ bin_dirs: ["/srv/cni", "/usr/lib/cni"] }, V2), {});
  assert.deepEqual(planCniFolders({ bin_dirs: ["/opt/cni/bin", "/usr/lib/cni"] }, V2), {});
});

test("containerd 1 does not know a list of folders", () => {
  const cni = { bin_dirs: ["/srv/cni"] };
  assert.deepEqual(planCniFolders(cni, V1), { bin_dir: "/opt/cni/bin" });
  assert.deepEqual(listCniFolders(cni, V1), ["/opt/cni/bin"]);
  assert.deepEqual(listCniFolders(cni, V2), ["/srv/cni"]);
});

test("without a word on it containerd looks in /opt/cni/bin", () => {
  assert.deepEqual(planCniFolders({}, V1), { bin_dir: "/opt/cni/bin" });
  assert.deepEqual(planCniFolders({}, V2), {});
  assert.deepEqual(listCniFolders({ bin_dir: "" }, V2), ["/opt/cni/bin"]);
});
