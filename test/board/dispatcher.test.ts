import assert from "node:assert/strict";
import { test } from "node:test";
import { Dispatcher } from "../../agent/board/dispatcher.ts";
import { settle } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

type Event = { readonly kind: "a" } | { readonly kind: "b" };

test("events that come before there are reactions wait for them, in their order", () => {
  const dispatcher = new Dispatcher<Event>(createMemoryLog().log);
  const seen: string[] = [];
  dispatcher.emit({ kind: "a" });
  dispatcher.emit({ kind: "b" });
  dispatcher.connect(({ kind }) => seen.push(kind));
  dispatcher.emit({ kind: "a" });
  assert.deepEqual(seen, ["a", "b", "a"]);
});

test("a reaction that throws or rejects is logged with its event, and the part that emitted goes on", async () => {
  const { log, lines } = createMemoryLog();
  const dispatcher = new Dispatcher<Event>(log);
  dispatcher.connect(({ kind }) => {
    if (kind === "a") throw new Error("thrown");
    return Promise.reject(new Error("rejected"));
  });
  dispatcher.emit({ kind: "a" });
  dispatcher.emit({ kind: "b" });
  await settle();
  assert.deepEqual(
    lines.map(({ level, msg, event, err }) => [level, msg, event, err?.message]),
    [
      ["error", "a reaction failed", "a", "thrown"],
      ["error", "a reaction failed", "b", "rejected"],
    ],
  );
});
