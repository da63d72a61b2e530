import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { encodeUserData, explainSize } from "../../../agent/admin/user-data/encode.ts";

const TEXT = `#cloud-config\n${"ß\n".repeat(1000)}`;

test("each encoding gives the text back", () => {
  assert.equal(encodeUserData(TEXT, "plain").text, TEXT);
  assert.equal(Buffer.from(encodeUserData(TEXT, "base64").text, "base64").toString(), TEXT);
  const packed = encodeUserData(TEXT, "gzip-base64");
  assert.equal(gunzipSync(Buffer.from(packed.text, "base64")).toString(), TEXT);
  assert.deepEqual(encodeUserData(TEXT, "gzip-base64"), packed, "the same text gives the same bytes");
});

const explain = (bytes: number, encoding: "plain" | "gzip-base64" = "plain") =>
  explainSize({ text: "", rawBytes: bytes }, encoding);

test("its size is compared with what each cloud counts", () => {
  assert.equal(
    explain(3482),
    "user data: 3.4 KiB: fits EC2 (16 KiB), OpenStack (64 KiB in base64), Azure (64 KiB), Lambda Cloud (1 MB, plain)",
  );
  assert.match(explain(16 * 1024), /fits EC2/);
  assert.match(
    explain(16 * 1024 + 1),
    /: fits OpenStack.*; too large for EC2 \(16 KiB\); --encoding gzip-base64 makes it smaller$/,
  );
  assert.match(explain(49_152), /too large for EC2 \(16 KiB\), OpenStack/, "Nova counts the bytes in base64");
  assert.match(explain(2_000_000), /^user data: 1953\.1 KiB; too large for EC2/);
});

test("a packed text is for no cloud that takes plain text alone, and has no smaller form", () => {
  assert.doesNotMatch(explain(3000, "gzip-base64"), /Lambda/);
  assert.doesNotMatch(explain(20_000, "gzip-base64"), /makes it smaller/);
});
