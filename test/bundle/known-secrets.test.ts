import assert from "node:assert/strict";
import { test } from "node:test";
import { readKnownSecrets } from "../../agent/bundle/known-secrets.ts";
import { localDefaults } from "../../agent/config/machine-config.ts";
import type { Config } from "../../agent/config/schema.ts";
import { machine } from "../fakes/certificates.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { installRolesAnywhere, rolesAnywhereConfig } from "../fakes/roles-anywhere.ts";
import { sampleConfig } from "../fakes/samples.ts";

test("each line of a certificate's key is a secret: a log may show one without its header", async () => {
  const host = new MemoryHost();
  installRolesAnywhere(host);
  const known = await readKnownSecrets(host, localDefaults(), rolesAnywhereConfig());
  const lines = machine.key.split("\n").filter((line) => line.length >= 32 && !line.startsWith("-----"));
  assert.ok(lines.length > 0);
  for (const value of lines) assert.ok(known.some((secret) => secret.value === value));
});

test("keys are known in every form in which the daemon reads them", async () => {
  const host = new MemoryHost();
  const oneLine = "export AWS_ACCESS_KEY_ID=AKIA1 AWS_SECRET_ACCESS_KEY=one-line/secret";
  host.files.put("/etc/keys", oneLine, { mode: 0o600 });
  host.files.put("/etc/profiles", "[default]\naws_secret_access_key: colon/secret\n", { mode: 0o600 });
  const known = async (credentials: Config["credentials"]) =>
    (await readKnownSecrets(host, localDefaults(), { ...sampleConfig(), credentials })).map(({ value }) => value);
  assert.ok((await known({ keysFile: "/etc/keys" })).includes("one-line/secret"));
  assert.ok((await known({ profile: { file: "/etc/profiles", name: "default" } })).includes("colon/secret"));
  host.files.put("/etc/keys", "setenv AWS_SECRET_ACCESS_KEY x\n", { mode: 0o600 });
  assert.deepEqual(await known({ keysFile: "/etc/keys" }), []);
});
