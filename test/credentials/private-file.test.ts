import assert from "node:assert/strict";
import { test } from "node:test";
import { readPrivateFile } from "../../agent/credentials/private-file.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const FILE = "/etc/eks-satellite/aws-keys";

for (const mode of [0o600, 0o400, 0o700])
  test(`a file of mode ${mode.toString(8)} is read`, async () => {
    const host = new MemoryHost();
    host.files.put(FILE, "secret", { mode });
    assert.equal(await readPrivateFile(host, FILE), "secret");
  });

for (const mode of [0o640, 0o604, 0o620, 0o601, 0o644])
  test(`a file of mode ${mode.toString(8)} is refused, without its content`, async () => {
    const host = new MemoryHost();
    host.files.put(FILE, "secret", { mode });
    await assert.rejects(readPrivateFile(host, FILE), {
      code: "credentials-exposed",
      message: `${FILE} has mode 0${mode.toString(8)}: other users of this machine can read its keys`,
      hint: /^chmod 600 /,
    });
  });

test("a missing file is an error that says how to write it", async () => {
  await assert.rejects(readPrivateFile(new MemoryHost(), FILE), {
    code: "credentials-missing",
    hint: /install -m 0600/,
  });
});
