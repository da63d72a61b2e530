import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { renderTar } from "../sandbox/tar.ts";
import { renderArchive } from "./archive.ts";

test("images that share a layer have it in the archive once, in the order in which each lays them", async () => {
  const [base, own] = ["base", "own"].map((path) => renderTar([{ path, content: Buffer.from(path) }]));
  assert.ok(base && own);
  const archive = renderArchive([
    { tag: "registry.k8s.io/one:1", layers: [base], config: { Cmd: ["sh"] } },
    { tag: "registry.k8s.io/two:2", layers: [base, own], config: { Entrypoint: ["/own"], User: "1234" } },
  ]);
  const names = (await execa("tar", ["--list"], { input: archive })).stdout.split("\n");
  assert.equal(names.filter((name) => name.endsWith(".tar")).length, 2);
  const read = async (name: string) =>
    JSON.parse((await execa("tar", ["--extract", "--to-stdout", name], { input: archive })).stdout);
  const [one, two] = await read("manifest.json");
  assert.deepEqual(one.RepoTags, ["registry.k8s.io/one:1"]);
  assert.deepEqual(two.Layers[0], one.Layers[0]);
  assert.equal(two.Layers.length, 2);
  const config = await read(two.Config);
  assert.deepEqual([config.config.Entrypoint, config.config.User], [["/own"], "1234"]);
  assert.deepEqual(
    config.rootfs.diff_ids,
    two.Layers.map((name: string) => `sha256:${name.replace(".tar", "")}`),
  );
});
