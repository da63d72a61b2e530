import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Readable, Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createLogOutput } from "../../agent/host/log-output.ts";

const WRITER = fileURLToPath(new URL("../fixtures/log-writer.ts", import.meta.url));
type Writer = ChildProcessByStdio<null, Readable, Readable>;

function startWriter(context: TestContext, ...args: readonly string[]): Writer {
  const child = spawn(process.execPath, [WRITER, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  context.after(() => child.kill("SIGKILL"));
  return child;
}

/** Resolves with the first line that matches. */
async function seen(stream: Readable, pattern: RegExp): Promise<string> {
  for await (const line of createInterface({ input: stream })) if (pattern.test(line)) return line;
  throw new Error(`the stream ended before ${pattern}`);
}

test("a reader of the log that goes away ends nothing: the lines are counted", async (context) => {
  const child = startWriter(context);
  await once(child.stdout, "data");
  child.stdout.destroy();
  await seen(child.stderr, /written, [5-9] lost/);
  assert.equal(child.exitCode, null);
});

/** Plays journald: the lines of every stream, each with its header. */
async function listen(context: TestContext, socket: string) {
  const streams: string[] = [];
  const open: Socket[] = [];
  const server = createServer((stream) => {
    const index = streams.push("") - 1;
    open.push(stream);
    stream.on("error", () => undefined).on("data", (chunk) => (streams[index] += String(chunk)));
  });
  server.listen(socket);
  await once(server, "listening");
  const stop = () => {
    for (const stream of open.splice(0)) stream.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  context.after(stop);
  return { streams, stop };
}

test("the journal is opened again when journald is back, and what was said meanwhile follows", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, "stdout");
  const child = startWriter(context, socket);
  await once(child.stdout, "data");
  child.stdout.destroy();
  const errors = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const written = async () => Number.parseInt(String((await errors.next()).value), 10);
  while ((await written()) < 10); // Without a socket it tries again.
  const seenLines: number[] = [];
  for (let restart = 0; restart < 2; restart += 1) {
    const journal = await listen(context, socket);
    const until = (await written()) + 5;
    while (!journal.streams.at(-1)?.includes(`line ${until}\n`)) await written();
    const text = journal.streams.at(-1) ?? "";
    assert.match(text, /^sample\nsample\.service\n6\n1\n0\n0\n0\n<6>line /);
    seenLines.push(...Array.from(text.matchAll(/line (\d+)\n/g), ([, number]) => Number(number)));
    await journal.stop();
    rmSync(socket, { force: true });
  }
  const [first = 0] = seenLines;
  assert.ok(first <= 3, `the first line is ${first}`);
  assert.deepEqual(
    seenLines,
    Array.from(seenLines, (_, index) => first + index),
    "none is missing and none comes twice, across both restarts",
  );
});

test("what waits for the journal is bounded, and the rest is counted", async () => {
  const texts: string[] = [];
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
  const back = Promise.withResolvers<void>();
  const reopen = () =>
    new Writable({
      write: (chunk, _encoding, done) => {
        texts.push(String(chunk));
        done();
        if (String(chunk) === "after\n") back.resolve();
      },
    });
  const output = createLogOutput({ stream: broken, reopen, retryMs: 10 });
  output.onRecovered = (lines) => output.write(`${lines} lost\n`);
  const line = `${"x".repeat(1023)}\n`;
  for (let count = 0; count < 1000; count += 1) output.write(line);
  while (output.lostLines() === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(output.lostLines(), 1000 - 256);
  await new Promise((resolve) => setTimeout(resolve, 50));
  output.write("after\n");
  await back.promise;
  assert.deepEqual(
    [texts.filter((text) => text === line).length, texts.includes("744 lost\n"), texts.at(-1)],
    [256, true, "after\n"],
  );
});

test("a reader that stands still costs bounded memory, and hears of what is missing when it goes on", () => {
  const waiting: (() => void)[] = [];
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      waiting.push(done);
    },
  });
  const output = createLogOutput({ stream });
  output.onRecovered = (lines) => output.write(`${lines} lost\n`);
  for (let count = 0; count < 10_000; count += 1) output.write("x".repeat(1000));
  assert.ok(stream.writableLength < 2.1 * 2 ** 20);
  const lost = output.lostLines();
  assert.ok(lost > 7000);
  while (waiting.length > 0) waiting.shift()?.();
  return new Promise<void>((resolve) => {
    const drain = setInterval(() => {
      while (waiting.length > 0) waiting.shift()?.();
      if (stream.writableLength > 0) return;
      clearInterval(drain);
      output.write("after\n");
      while (waiting.length > 0) waiting.shift()?.();
      assert.ok(text.includes(`${lost} lost\n`));
      resolve();
    });
  });
});

test("a stream that throws at once, as a full disk does, loses the line", () => {
  const stream = new Writable();
  stream.write = () => {
    throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  };
  const output = createLogOutput({ stream });
  output.write("one\n");
  assert.equal(output.lostLines(), 1);
});

test("a file on a full disk loses lines and nothing else", async () => {
  const output = createLogOutput({ stream: createWriteStream("/dev/full") });
  output.write("one\n");
  while (output.lostLines() === 0) await new Promise((resolve) => setImmediate(resolve));
  output.write("two\n");
  while (output.lostLines() < 2) await new Promise((resolve) => setImmediate(resolve));
});
