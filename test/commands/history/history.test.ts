import assert from "node:assert/strict";
import { test } from "node:test";
import { historyCommand, parseSince } from "../../../agent/commands/history/history.ts";
import { type Entry, renderEntry } from "../../../agent/history/entry.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const STATE = "/var/lib/eks-satellite";
const HOUR = 3_600_000;

function setUp() {
  const host = new MemoryHost();
  const now = host.clock.now();
  host.files.put("/proc/sys/kernel/random/boot_id", "b0000000-0000-4000-8000-000000000001\n");
  host.files.put("/proc/uptime", "36000.00 1.00\n");
  const at = (hoursAgo: number, changes: Partial<Entry>): Entry => {
    const up = 36_000_000 - hoursAgo * HOUR;
    return { at: now - hoursAgo * HOUR, up, boot: "b0000000", kind: "event", name: "", message: "", ...changes };
  };
  const put = (name: string, entries: readonly Entry[]) =>
    host.files.put(`${STATE}/${name}`, entries.map(renderEntry).join(""));
  const print = async (options: Partial<Parameters<typeof historyCommand>[1]> = {}) => {
    const printed: string[] = [];
    await historyCommand(host, { config: FILE, output: "text", ...options }, (text) => void printed.push(text));
    return printed.join("");
  };
  return { host, at, put, print };
}

test("both files of the ring are shown, oldest first, without asking a daemon", async () => {
  const { at, put, print } = setUp();
  put("history.old.jsonl", [at(3, { name: "First" })]);
  put("history.jsonl", [at(2, { name: "Second" }), at(1, { name: "Third" })]);
  assert.deepEqual((await print()).match(/First|Second|Third/g), ["First", "Second", "Third"]);
});

test("--since leaves out what was before, and durations still know it", async () => {
  const { at, put, print } = setUp();
  const ready = { kind: "condition", name: "NodeReady", message: "m" } as const;
  put("history.jsonl", [
    at(3, { ...ready, status: "False", reason: "Away" }),
    at(1, { ...ready, status: "True", reason: "Ready" }),
  ]);
  const text = await print({ since: parseSince("2h") });
  assert.doesNotMatch(text, /Away/);
  assert.match(text, /it was false for 2 h/);
});

test("as JSON each entry has its time in UTC, and what cannot be read is counted", async () => {
  const { host, at, put, print } = setUp();
  put("history.jsonl", [at(1, { name: "Repaired", message: "file:/a" })]);
  await host.files.appendLines(`${STATE}/history.jsonl`, "{\n");
  const document = JSON.parse(await print({ output: "json" }));
  assert.deepEqual(document, {
    entries: [
      { at: "2026-01-02T02:04:05.000Z", kind: "event", name: "Repaired", message: "file:/a", boot: "b0000000" },
    ],
    unreadable: 1,
  });
});

test("where nothing has happened it says so", async () => {
  const { print } = setUp();
  assert.equal(await print(), `nothing is recorded in ${STATE}\n`);
  assert.equal(await print({ since: parseSince("1h") }), `nothing is recorded in ${STATE} since then\n`);
});

test("a user who may not read it learns what to do", async () => {
  const { host, put, print } = setUp();
  put("history.jsonl", []);
  host.files.refuseReads(STATE);
  await assert.rejects(print(), { code: "file-unreadable", hint: "Run as root." });
});

const NOW = Date.UTC(2026, 0, 2);
const SINCE: readonly (readonly [text: string, ms: number])[] = [
  ["30m", NOW - 30 * 60_000],
  ["2h", NOW - 2 * HOUR],
  ["7d", NOW - 7 * 24 * HOUR],
  ["2026-01-01T03:12:00Z", Date.UTC(2026, 0, 1, 3, 12)],
  ["2026-01-01 03:12", new Date(2026, 0, 1, 3, 12).getTime()],
];
for (const [text, ms] of SINCE)
  test(`--since ${text} is understood`, () => {
    assert.equal(parseSince(text)(NOW), ms);
  });

for (const text of ["", "2", "h", "-2h", "yesterday", "2026", "99999999d", "2026-13-45", "2h\n3h"])
  test(`--since ${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseSince(text), /It must be a duration/);
  });
