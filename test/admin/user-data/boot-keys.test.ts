import assert from "node:assert/strict";
import { test } from "node:test";
import { readBootKeys } from "../../../agent/admin/user-data/boot-keys.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

function read(text: string | undefined, file = "/home/joe/keys") {
  const host = new MemoryHost();
  if (text !== undefined) host.files.put(file, text);
  return readBootKeys(host, file, async () => text ?? "");
}

test("keys in any form that is read are written in the one that every reader knows", async () => {
  const { lines, areTemporary } = await read(
    "# mine\nexport AWS_ACCESS_KEY_ID='AKIAX'\nexport AWS_SECRET_ACCESS_KEY=\"a/b+c\"\nOTHER=x\n",
  );
  assert.equal(lines.reveal(), "AWS_ACCESS_KEY_ID=AKIAX\nAWS_SECRET_ACCESS_KEY=a/b+c\n");
  assert.equal(areTemporary, false);
});

test("temporary keys are whole, and known as such", async () => {
  const expiration = "AWS_CREDENTIAL_EXPIRATION=2026-01-02T03:04:05+00:00";
  const { lines, areTemporary } = await read(
    `AWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=b\nAWS_SESSION_TOKEN=c==\n${expiration}\n`,
  );
  assert.match(lines.reveal(), /^AWS_SESSION_TOKEN=c==$/m);
  assert.ok(lines.reveal().includes(expiration));
  assert.equal(areTemporary, true);
});

test("standard input is a file like others", async () => {
  assert.match((await read("AWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY=b\n", "-")).lines.reveal(), /ID=A/);
});

for (const [what, text, code, message] of [
  ["no file", undefined, "options-invalid", /no such file/],
  ["no secret", "AWS_ACCESS_KEY_ID=A\n", "credentials-invalid", /has no AWS_SECRET_ACCESS_KEY/],
  ["a file of profiles", "[default]\naws_access_key_id = A\n", "credentials-invalid", /./],
  [
    "a secret with a blank",
    "AWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY='b c'\n",
    "credentials-invalid",
    /AWS_SECRET_ACCESS_KEY holds/,
  ],
  [
    "a secret that ends a here-document",
    "AWS_ACCESS_KEY_ID=A\nAWS_SECRET_ACCESS_KEY='b\nEND\nrm -rf'\n",
    "credentials-invalid",
    /holds/,
  ],
] as const) {
  test(`${what} is refused, and the keys are not repeated`, async () => {
    await assert.rejects(read(text), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.doesNotMatch(`${error.message}${error.hint}`, /b c|rm -rf/);
      return true;
    });
  });
}
