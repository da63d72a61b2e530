// The keys that sign releases are the same wherever a release is verified, and nothing but public halves.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { makeTrialSigning } from "../../scripts/release/signing.ts";
import { listKeys, renderInstaller, renderProgram, renderReleaseKeys } from "../../scripts/render-release-keys.ts";
import { SCRIPT } from "./install-machine.ts";
import { scratchFolder, TOP } from "./sample-release.ts";

const FOLDER = join(TOP, "packaging/release-keys");
/** What a line must be: the installer and the program read no other kind of key, and a key for anything else would be a mistake. */
const LINE =
  /^eks-satellite-release namespaces="eks-satellite-release"(,valid-(after|before)="\d{8}(\d{4}(\d\d)?)?"){0,2} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5[A-Za-z0-9+/=]{40,60}( [\w .@-]+)?$/;

test("install.sh and the program have the keys of packaging/release-keys/allowed_signers: scripts/render-release-keys.ts brings them", () => {
  for (const [path, text] of renderReleaseKeys()) assert.equal(readFileSync(path, "utf8"), text, path);
});

test("each of them may sign releases alone, and the folder has no private key", async () => {
  const made = listKeys(readFileSync((await makeTrialSigning(await scratchFolder())).allowedSigners, "utf8"));
  const keys = listKeys(readFileSync(join(FOLDER, "allowed_signers"), "utf8"));
  for (const line of [...made, ...keys]) assert.match(line, LINE);
  for (const name of readdirSync(FOLDER)) assert.doesNotMatch(readFileSync(join(FOLDER, name), "utf8"), /PRIVATE KEY/);
});

test("a key that is added is in both, and both stay what they are", async () => {
  const { allowedSigners } = await makeTrialSigning(await scratchFolder());
  const keys = listKeys(readFileSync(allowedSigners, "utf8"));
  const installer = readFileSync(SCRIPT, "utf8");
  const changed = renderInstaller(installer, keys);
  assert.ok(changed.includes(`  cat <<'SIGNERS'\n${keys[0]}\nSIGNERS\n`));
  assert.equal(renderInstaller(changed, []), renderInstaller(installer, []));
  const folder = await scratchFolder();
  writeFileSync(join(folder, "install.sh"), changed);
  await execa("bash", ["-n", join(folder, "install.sh")]);
  writeFileSync(join(folder, "keys.ts"), renderProgram(keys));
  assert.deepEqual((await import(join(folder, "keys.ts"))).RELEASE_KEYS, keys);
  assert.throws(() => renderInstaller("#!/bin/bash\n", keys), /not one place/);
  assert.throws(() => listKeys("it's a key"), /quote/);
});
