// On a real disk: what is mounted, or linked, on the way to the agent's folders is never emptied.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { removeTree } from "../../agent/reset/mounts.ts";
import { ownFolders, removeOwnFolder } from "../../agent/reset/own-folders.ts";

const host = createLinuxHost();

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("the names of every file of a state and a run folder are known", () => {
  const { run, lastGood, state } = ownFolders({ stateFolder: "/data/eks-satellite", runFolder: "/run/eks-satellite" });
  assert.ok(run.names.includes("kubelet-token"));
  assert.ok(
    ["ledger", "lock", "cluster.json", "history.jsonl", "history.old.jsonl"].every((name) =>
      state.names.includes(name),
    ),
  );
  assert.deepEqual(lastGood, { path: "/var/lib/eks-satellite", names: ["last-good-config.yaml"] });
  assert.ok(!state.names.includes("last-good-config.yaml"));
});

test("a folder is gone with what the agent put there, and stays with anything else", async (context) => {
  const path = join(temporaryFolder(context), "eks-satellite");
  mkdirSync(join(path, "ledger"), { recursive: true });
  for (const name of ["ledger/a.json", "cluster.json", ".session.0123456789ab.tmp", "notes.txt"])
    writeFileSync(join(path, name), "x");
  const { state } = ownFolders({ stateFolder: path, runFolder: "/run/eks-satellite" });
  assert.match((await removeOwnFolder(host, state)).join(), /stays: it holds notes\.txt,/);
  rmSync(join(path, "notes.txt"));
  assert.deepEqual(await removeOwnFolder(host, state), []);
  assert.equal(existsSync(path), false);
});

test("a mount is seen through a link on the way and through a slash at the end", async (context) => {
  const folder = temporaryFolder(context);
  for (const name of ["real/below", "theirs"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "theirs/precious"), "x");
  symlinkSync(join(folder, "real"), join(folder, "link"));
  const mount = await host.run("mount", ["--bind", join(folder, "theirs"), join(folder, "real/below")]);
  if (mount.exitCode !== 0) return context.skip("nothing can be mounted here");
  try {
    for (const path of ["real", "real/", "link/below", "link/below/", "real/./below"])
      await assert.rejects(removeTree(host, `${folder}/${path}`), { code: "mount-busy" }, path);
    await assert.rejects(host.files.removeTree(`${folder}/link/below`), { code: "mounted-below" });
    assert.equal(existsSync(join(folder, "theirs/precious")), true);
  } finally {
    await host.run("umount", [join(folder, "real/below")]);
  }
});
