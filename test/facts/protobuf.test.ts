import assert from "node:assert/strict";
import { test } from "node:test";
import { asBytes, asText, encodeText, fieldsOf } from "../../agent/facts/protobuf.ts";
import { startCpuClock } from "../fakes/cpu-time.ts";

const bytes = (...values: readonly number[]) => Uint8Array.from(values);

test("a text that is encoded is read back from its field", () => {
  const message = encodeText(3, "ü-42");
  assert.deepEqual([...message.subarray(0, 2)], [(3 << 3) | 2, 5]);
  assert.deepEqual(asText(fieldsOf(message).get(3)?.[0]), "ü-42");
});

test("a text of 128 bytes, whose length would take two bytes, is refused", () => {
  assert.equal(encodeText(1, "a".repeat(127)).length, 129);
  assert.throws(() => encodeText(1, "a".repeat(128)), { code: "runtime-failed", message: /an id of 128 bytes/ });
});

test("a varint of several bytes is one number, also beyond 32 bits", () => {
  // The example of the encoding guide: 150 is 96 01.
  assert.deepEqual(fieldsOf(bytes(0x08, 0x96, 0x01)).get(1), [150]);
  assert.deepEqual(fieldsOf(bytes(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)).get(1), [2 ** 35]);
});

test("a repeated field keeps its values in order, and a high field number is read", () => {
  const message = Buffer.concat([encodeText(1, "a"), bytes(0x82, 0x01, 0x01, 0x62), encodeText(1, "c")]);
  const fields = fieldsOf(message);
  assert.deepEqual(fields.get(1)?.map(asText), ["a", "c"]);
  assert.deepEqual(fields.get(16)?.map(asText), ["b"]);
});

test("an absent field, and a number where bytes are expected, are empty", () => {
  assert.equal(asText(undefined), "");
  assert.equal(asText(7), "");
  assert.equal(asBytes(undefined).length, 0);
  assert.equal(fieldsOf(new Uint8Array()).size, 0);
});

test("a message that ends within a tag, a length or a value is an error", () => {
  const whole = encodeText(1, "abc");
  for (const length of [1, 2, 4])
    assert.throws(() => fieldsOf(whole.subarray(0, length)), { code: "runtime-failed", message: /middle of a field/ });
});

test("wire types that CRI does not use here are an error", () => {
  for (const wireType of [1, 3, 5])
    assert.throws(() => fieldsOf(bytes((1 << 3) | wireType, 0, 0, 0, 0, 0, 0, 0, 0)), {
      message: `containerd's answer has wire type ${wireType}`,
    });
});

test("many values of one field take no longer than as many of many fields", () => {
  const message = Buffer.alloc(400_000);
  for (let offset = 0; offset < message.length; offset += 2) message[offset] = 0x08;
  const cpuMs = startCpuClock();
  assert.equal(fieldsOf(message).get(1)?.length, 200_000);
  assert.ok(cpuMs() < 2000, `${cpuMs()} ms`);
});
