import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { forEachLine } from "../../agent/host/lines.ts";
import { settle } from "../fakes/memory-clock.ts";

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  forEachLine(stream, (line) => void lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await settle();
  return lines;
}

test("lines are whole however they were cut, with either line end, empty ones too", async () => {
  assert.deepEqual(await linesOf("one\ntw", "o\r\n\nlast"), ["one", "two", "", "last"]);
  assert.deepEqual(await linesOf("one\r", "\ntwo\n"), ["one", "two"]);
  const umlaut = Buffer.from("ü\n");
  assert.deepEqual(await linesOf(umlaut.subarray(0, 1), umlaut.subarray(1)), ["ü"]);
});

test("a line is kept to 16 KiB, and says how much is missing", async () => {
  const [long, next] = await linesOf(`${"a".repeat(16_384)}${"b".repeat(10)}`, `${"b".repeat(90)}\nnext\n`);
  assert.equal(long, `${"a".repeat(16_384)}… and 100 more characters`);
  assert.equal(next, "next");
  assert.deepEqual(await linesOf(`${"a".repeat(16_384)}\n`), ["a".repeat(16_384)]);
});

test("a line that never ends takes no memory", async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  forEachLine(stream, (line) => void lines.push(line));
  const chunk = Buffer.alloc(2 ** 20, "x");
  const before = process.memoryUsage().heapUsed;
  for (let megabyte = 0; megabyte < 64; megabyte += 1) {
    if (!stream.write(chunk)) await settle();
  }
  assert.ok(process.memoryUsage().heapUsed - before < 32 * 2 ** 20, "heap in use");
  stream.end();
  await settle();
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", new RegExp(`… and ${64 * 2 ** 20 - 16_384} more characters$`));
});

test("a stream that breaks gives what it had, and ends nothing else", async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  forEachLine(stream, (line) => void lines.push(line));
  stream.write("half a line");
  await settle();
  stream.destroy(Object.assign(new Error("read EIO"), { code: "EIO" }));
  await settle();
  assert.deepEqual(lines, ["half a line"]);
});
