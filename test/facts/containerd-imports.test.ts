import assert from "node:assert/strict";
import { test } from "node:test";
import { readContainerdConfig } from "../../agent/facts/containerd.ts";
import { createImportReader } from "../../agent/facts/containerd-imports.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const MAIN = "/etc/containerd/config.toml";

function setUp(imports: string) {
  const host = new MemoryHost();
  host.files.put(MAIN, `version = 2\nimports = ${imports}\n`);
  host.files.put("/etc/containerd/conf.d/10-a.toml", "oom_score = 1\n");
  host.files.put("/etc/containerd/conf.d/99-nvidia.toml", "oom_score = 2\n");
  host.files.put("/etc/containerd/conf.d/README", "not TOML");
  host.install("containerd", () => ({ stdout: "oom_score = 2\n" }));
  const reader = createImportReader(host);
  const read = async (version?: string) => reader.read(MAIN, await readContainerdConfig(host, MAIN), version);
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

test("a failed answer is asked for again, and so is one of another containerd", async () => {
  const { host, read } = setUp('["conf.d/*.toml"]');
  host.install("containerd", () => ({ exitCode: 1, stderr: "busy" }));
  assert.equal((await read("1.7.27")).effective, undefined);
  host.install("containerd", () => ({ stdout: "oom_score = 2\n" }));
  assert.equal((await read("1.7.27")).effective?.oom_score, 2n);
  host.install("containerd", () => ({ stdout: "oom_score = 3\n" }));
  assert.equal((await read("1.7.27")).effective?.oom_score, 2n, "nothing has changed");
  assert.equal((await read("2.2.0")).effective?.oom_score, 3n);
});

test("a file that imports itself, as a saved `config dump` does, imports nothing", async () => {
  for (const self of [MAIN, "config.toml", "/etc/containerd/*.toml", "/etc/containerd/../containerd/config.toml"]) {
    const { host, read } = setUp(`["${self}"]`);
    assert.deepEqual(await read(), { imports: [], effective: undefined }, self);
    assert.deepEqual(host.commands, []);
  }
});

test("imports of imports are read after those of the main file, each once, beside the file that names them", async () => {
  const { host, read } = setUp('["sub/*.toml", "/etc/containerd/conf.d/10-a.toml"]');
  host.files.put("/etc/containerd/sub/1.toml", 'Imports = ["2.toml", "../config.toml", "../conf.d/10-a.toml"]\n');
  host.files.put("/etc/containerd/sub/2.toml", 'imports = ["1.toml", "deep/3.toml"]\n');
  host.files.put("/etc/containerd/sub/deep/3.toml", "oom_score = 3\n");
  const { imports } = await read();
  assert.deepEqual(
    imports.map(({ path }) => path.slice("/etc/containerd/".length)),
    ["sub/1.toml", "sub/2.toml", "conf.d/10-a.toml", "sub/deep/3.toml"],
  );
});

test("patterns match folders too", async () => {
  const { read } = setUp('["/etc/*/conf.d/9*.toml"]');
  assert.deepEqual(
    (await read()).imports.map(({ path }) => path),
    ["/etc/containerd/conf.d/99-nvidia.toml"],
  );
});

test("a chain of imports without end, and a file of no bounds, are not followed", async () => {
  const { host, read } = setUp('["chain/0.toml", "huge.toml"]');
  for (let index = 0; index < 500; index += 1)
    host.files.put(`/etc/containerd/chain/${index}.toml`, `imports = ["${index + 1}.toml"]\n`);
  host.files.put("/etc/containerd/huge.toml", `# ${"x".repeat(5 * 1024 * 1024)}\n`);
  const { imports } = await read();
  assert.ok(imports.length >= 100 && imports.length < 500, `${imports.length} files`);
  assert.ok(imports.every(({ path }) => path.includes("chain")));
});

test("a relative pattern is beside its file, and below the root for a containerd that runs there and is older", async () => {
  const { host, read } = setUp('["conf.d/1*.toml"]');
  host.files.put("/conf.d/1-root.toml", "oom_score = 4\n");
  const pathsOf = async (version: string) => (await read(version)).imports.map(({ path }) => path);
  for (const version of ["1.6.30", "1.6.36", "1.7.16", "2.2.0"])
    assert.deepEqual(await pathsOf(version), ["/etc/containerd/conf.d/10-a.toml"], version);
  for (const version of ["1.6.20", "1.7.0", "1.7.15"])
    assert.deepEqual(await pathsOf(version), ["/conf.d/1-root.toml"], version);
});
