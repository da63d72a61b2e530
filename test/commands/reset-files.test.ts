// What reset removes of what the daemon brought, and what of the user it leaves.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { entry, STATE, setUpReset as setUp } from "../fakes/reset-machine.ts";

test("the CDI specification is removed when the daemon generated it, and stays when another program has overwritten it", async () => {
  const spec = "/var/run/cdi/nvidia.yaml";
  const generated = "kind: nvidia.com/gpu\n";
  for (const [content, stays] of [
    [generated, false],
    ["kind: theirs\n", true],
  ] as const) {
    const { files, run, said } = setUp();
    const sha256 = createHash("sha256").update(generated).digest("hex");
    files.put("/run/eks-satellite/cdi-spec.json", JSON.stringify({ key: "550", sha256 }));
    files.put(spec, content);
    assert.equal(await run(), 0, said());
    assert.equal(files.peek(spec) !== undefined, stays);
  }
});

test("downloaded programs are removed with the links to them; a program that the user has installed there stays", async () => {
  const { files, run, said } = setUp();
  const [kubelet, plugin] = ["/usr/bin/kubelet", "/opt/cni/bin/loopback"];
  files.put("/opt/eks-satellite-artifacts/kubelet/1.34.4/kubelet", "downloaded", { mode: 0o755 });
  files.putLink(kubelet, "/opt/eks-satellite-artifacts/kubelet/1.34.4/kubelet");
  files.put(plugin, "theirs", { mode: 0o755 });
  for (const path of [kubelet, plugin])
    files.put(`${STATE}/ledger/${path.split("/").at(-1)}.json`, entry(`link:${path}`, { kind: "absent" }));
  assert.equal(await run({ dryRun: true }), 0);
  assert.match(said(), /remove \/usr\/bin\/kubelet/);
  assert.doesNotMatch(said(), /loopback/);
  assert.equal(await run(), 0, said());
  assert.equal(files.peekLink(kubelet), undefined);
  assert.equal(files.peek(plugin)?.content, "theirs");
  assert.deepEqual(
    files.paths().filter((path) => path.startsWith("/opt/eks-satellite-artifacts")),
    [],
  );
});

test("a registry's folder is removed with our file in it, and stays with the user's file", async () => {
  const { host, run } = setUp();
  const folder = "/etc/containerd/certs.d";
  for (const registry of ["docker.io", "r.example.com"]) {
    host.files.put(`${folder}/${registry}/hosts.toml`, "ours");
    host.files.put(
      `${STATE}/ledger/${registry}.json`,
      entry(`file:${folder}/${registry}/hosts.toml`, { kind: "absent" }),
    );
  }
  host.files.put(`${folder}/r.example.com/ca.crt`, "the user's");
  await run({ yes: true });
  assert.deepEqual(await host.files.list(folder), ["r.example.com"]);
  assert.deepEqual(await host.files.list(`${folder}/r.example.com`), ["ca.crt"]);
  assert.ok(!host.commands.includes(`rmdir -- ${folder}`));
});
