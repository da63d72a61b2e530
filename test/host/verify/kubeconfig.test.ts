// Kubeconfigs as kubectl reads them: several files, of which the first that names a thing counts.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readKubeconfig } from "../../../agent/host/verify/kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, server: string, cluster = name): string {
  const file = join(folder, name);
  const document = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": name },
    clusters: [{ name: cluster, cluster: { server } }],
    users: [{ name: cluster, user: { token: "t" } }],
    contexts: [{ name, context: { cluster, user: cluster } }],
  };
  writeFileSync(file, JSON.stringify(document));
  return file;
}

const serverOf = (files: readonly string[], context?: string) =>
  readKubeconfig({ files, ...(context === undefined ? {} : { context }) }).getCurrentCluster()?.server;

test("the first file's context and clusters count, and a file that is not there is skipped", () => {
  const [one, two] = [write("one", "https://one", "shared"), write("two", "https://two", "shared")];
  assert.equal(serverOf([join(folder, "none"), one, two]), "https://one");
  assert.equal(serverOf([two, one]), "https://two");
  assert.equal(serverOf([one, write("three", "https://three")], "three"), "https://three");
});

test("one file that is not there, or a context that is not in it, is an error", () => {
  assert.throws(() => serverOf([join(folder, "none")]), /ENOENT/);
  assert.throws(() => serverOf([write("four", "https://four")], "five"), /no context five/);
});
