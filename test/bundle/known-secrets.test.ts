import assert from "node:assert/strict";
import { test } from "node:test";
import { readKnownSecrets } from "../../agent/bundle/known-secrets.ts";
import { localDefaults } from "../../agent/config/machine-config.ts";
import { machine } from "../fakes/certificates.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { installRolesAnywhere, rolesAnywhereConfig } from "../fakes/roles-anywhere.ts";

test("each line of a certificate's key is a secret: a log may show one without its header", async () => {
  const host = new MemoryHost();
  installRolesAnywhere(host);
  const known = await readKnownSecrets(host, localDefaults(), rolesAnywhereConfig());
  const lines = machine.key.split("\n").filter((line) => line.length >= 32 && !line.startsWith("-----"));
  assert.ok(lines.length > 0);
  for (const value of lines) assert.ok(known.some((secret) => secret.value === value));
});
