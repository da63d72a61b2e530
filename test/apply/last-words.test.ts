import assert from "node:assert/strict";
import { test } from "node:test";
import { readLastWords } from "../../agent/apply/last-words.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const NOT_LOADED =
  'time="2026-01-02T03:04:05Z" level=warning msg="failed to load plugin io.containerd.grpc.v1.cri" error="invalid plugin config: `systemd_cgroup` only works for runtime io.containerd.runtime.v1.linux"';
const NOISE = 'time="2026-01-02T03:04:05Z" level=info msg="containerd successfully booted in 0.02s"';
const OTHER = 'time="2026-01-02T03:04:05Z" level=error msg="failed to recover state"';

/** A journal as systemd keeps containerd's: each line at priority info. */
function setUp(...lines: readonly string[]) {
  const host = new MemoryHost();
  host.install("journalctl", (args) =>
    args.some((arg) => arg.startsWith("--priority")) ? {} : { stdout: `${lines.join("\n")}\n` },
  );
  return { host, words: () => readLastWords(host, "containerd.service", 1_700_000_000_500) };
}

test("containerd's warning that it did not load CRI is quoted, although systemd files it as informational", async () => {
  assert.equal(await setUp(NOISE, NOT_LOADED, NOISE).words(), `its last words: ${NOT_LOADED}`);
  assert.equal(await setUp(NOT_LOADED, OTHER).words(), `its last words: ${NOT_LOADED}`, "other errors follow from it");
});

test("else it is the last error, the last warning, or the last line, in containerd's text or JSON form", async () => {
  const json = '{"error":"no such plugin","level":"warning","msg":"cannot"}';
  const fatal = 'time="…" level=fatal msg="x"';
  assert.equal(await setUp(OTHER, json, NOISE).words(), `its last words: ${OTHER}`);
  assert.equal(await setUp(OTHER, fatal).words(), `its last words: ${fatal}`);
  assert.equal(await setUp(NOISE, json, NOISE).words(), `its last words: ${json}`);
  assert.equal(
    await setUp("containerd: invalid disabled plugin URI").words(),
    "its last words: containerd: invalid disabled plugin URI",
  );
  assert.equal(await setUp().words(), "its last words: none");
});

test("only words since the start count, and a long line is cut", async () => {
  const { host, words } = setUp(`level=error ${"x".repeat(1_000_000)}`);
  assert.equal((await words()).length, "its last words: ".length + 500);
  assert.match(host.commands[0] ?? "", /--since=@1700000000 /);
});
