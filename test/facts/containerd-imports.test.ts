import assert from "node:assert/strict";
import { test } from "node:test";
import { readContainerdConfig } from "../../agent/facts/containerd.ts";
import { readImports } from "../../agent/facts/containerd-imports.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const MAIN = "/etc/containerd/config.toml";

function setUp(imports: string) {
  const host = new MemoryHost();
  host.files.put(MAIN, `version = 2\nimports = ${imports}\n`);
  host.files.put("/etc/containerd/conf.d/10-a.toml", "oom_score = 1\n");
  host.files.put("/etc/containerd/conf.d/99-nvidia.toml", "oom_score = 2\n");
  host.files.put("/etc/containerd/conf.d/README", "not TOML");
  host.install("containerd", () => ({ stdout: "oom_score = 2\n" }));
  const read = async () => readImports(host, MAIN, await readContainerdConfig(host, MAIN));
  return { host, read };
}

test("drop-ins are read in containerd's order, and containerd itself prints the merged configuration", async () => {
  const { host, read } = setUp('["/etc/containerd/conf.d/*.toml"]');
  const { imports, effective } = await read();
  assert.deepEqual(
    imports.map(({ path, table }) => [path, table.oom_score]),
    [
      ["/etc/containerd/conf.d/10-a.toml", 1n],
      ["/etc/containerd/conf.d/99-nvidia.toml", 2n],
    ],
  );
  assert.equal(effective?.oom_score, 2n);
  assert.deepEqual(host.commands, [`containerd --config ${MAIN} config dump`]);
});

test("containerd runs again only when one of the files has changed", async () => {
  const { host, read } = setUp('["conf.d/*.toml"]');
  await read();
  await read();
  assert.equal(host.commands.length, 1);
  host.files.put("/etc/containerd/conf.d/99-nvidia.toml", "oom_score = 3\n");
  await read();
  assert.equal(host.commands.length, 2);
});

test("without imports, or with missing ones, containerd is not run", async () => {
  for (const imports of ["[]", '["/etc/containerd/other.d/*.toml", "/etc/gone.toml"]']) {
    const { host, read } = setUp(imports);
    assert.deepEqual(await read(), { imports: [], effective: undefined });
    assert.deepEqual(host.commands, []);
  }
});

test("a drop-in that is not TOML is left to containerd, which reports it", async () => {
  const { host, read } = setUp('["/etc/containerd/conf.d/README"]');
  host.install("containerd", () => ({ exitCode: 1, stderr: "toml: expected" }));
  assert.deepEqual(await read(), { imports: [], effective: undefined });
});
