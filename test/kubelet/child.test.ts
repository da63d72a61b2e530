import assert from "node:assert/strict";
import { test } from "node:test";
import { endChild, readLines } from "../../agent/kubelet/child.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import type { MemoryProcess } from "../fakes/memory-processes.ts";

const start = (host: MemoryHost, onTerm?: (process: MemoryProcess) => void) =>
  host.processes.start({ name: "kubelet", ...(onTerm === undefined ? {} : { onTerm }) });

test("lines of both outputs are handed over whole, however they were cut", async () => {
  const child = start(new MemoryHost());
  const lines: string[] = [];
  readLines(child, (line) => void lines.push(line));
  child.stderr.write("one\ntw");
  await settle();
  child.stderr.write("o\r\nlast without an end");
  child.stdout.write("three\n");
  child.exit(0);
  await settle();
  assert.deepEqual(lines.toSorted(), ["last without an end", "one", "three", "two"]);
});

test("a child that ends when asked is not killed", async () => {
  const host = new MemoryHost();
  const child = start(host);
  await endChild(host, child, 20);
  assert.deepEqual(child.signals, ["SIGTERM"]);
  await host.clock.advance(60_000);
  assert.deepEqual(child.signals, ["SIGTERM"]);
});

test("a child that does not end is killed after its grace, not before", async () => {
  const host = new MemoryHost();
  const child = start(host, () => undefined);
  const ended = endChild(host, child, 20);
  await host.clock.advance(19_999);
  assert.deepEqual(child.signals, ["SIGTERM"]);
  await host.clock.advance(1);
  await ended;
  assert.deepEqual(child.signals, ["SIGTERM", "SIGKILL"]);
});

test("a child that ends within its grace is not killed", async () => {
  const host = new MemoryHost();
  const child = start(host, () => undefined);
  const ended = endChild(host, child, 20);
  await host.clock.advance(10_000);
  child.exit(0);
  await ended;
  await host.clock.advance(60_000);
  assert.deepEqual(child.signals, ["SIGTERM"]);
});

test("a child that waits in the kernel is not waited for without end", async () => {
  const host = new MemoryHost();
  const child = host.processes.start({ name: "kubelet", isStuck: true });
  const ended = endChild(host, child, 20);
  await host.clock.advance(25_000);
  assert.equal(await ended, false);
  assert.deepEqual(child.signals, ["SIGTERM", "SIGKILL"]);
});
