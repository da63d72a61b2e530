// Whatever is applied, edited by others and broken off at any effect: reset finds the original, and nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Resource } from "../../agent/plan/resource.ts";
import { isStillOwn, restoreEntry } from "../../agent/reset/restore.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createRounds, plannedFile } from "../fakes/rounds.ts";

const PATHS = ["/etc/a", "/etc/b/c"] as const;
const SYSCTL = "/proc/sys/vm/overcommit_memory";
/** Every effect of files: the process may be gone before it, or after it. */
const EFFECTS = ["write", "writeInPlace", "setMode", "remove", "move", "makeFolder", "removeTree"] as const;

class PowerCut extends Error {}

interface Step {
  /** What the plan wants of each path; undefined while it wants nothing there. */
  readonly contents: readonly (string | undefined)[];
  readonly value: string;
  readonly mode: number;
  /** What another process does before the round. */
  readonly edit: { readonly index: number; readonly content: string } | undefined;
  /** The effect at which the power is cut, and whether it is still made. */
  readonly cut: { readonly effect: number; readonly isMade: boolean } | undefined;
}

const words = fc.constantFrom("one", "two", "three");
const step: fc.Arbitrary<Step> = fc.record({
  contents: fc.tuple(fc.option(words, { nil: undefined }), fc.option(words, { nil: undefined })),
  value: fc.constantFrom("0", "1", "2"),
  mode: fc.constantFrom(0o600, 0o644),
  edit: fc.option(fc.record({ index: fc.nat({ max: 1 }), content: fc.constantFrom("edited", "") }), { nil: undefined }),
  cut: fc.option(fc.record({ effect: fc.nat({ max: 6 }), isMade: fc.boolean() }), { nil: undefined }),
});
const originals = fc.tuple(
  fc.option(
    fc.record({ content: fc.constantFrom("the user's", "one", ""), mode: fc.constantFrom(0o600, 0o640, 0o644) }),
  ),
  fc.option(fc.record({ content: fc.constantFrom("the user's", "two"), mode: fc.constantFrom(0o600, 0o644) })),
);

/** Ends the process at an effect: nothing after it happens, until the power is back. */
function cutPowerAt(host: MemoryHost, cut: Step["cut"]): () => void {
  const { files } = host;
  const real = Object.fromEntries(EFFECTS.map((name) => [name, files[name].bind(files)])) as Record<string, Effect>;
  let left = cut?.effect ?? Number.POSITIVE_INFINITY;
  for (const [name, effect] of Object.entries(real)) {
    const cutting: Effect = async (...args) => {
      if (left < 0) throw new PowerCut();
      left -= 1;
      if (left >= 0) return effect(...args);
      if (cut?.isMade === true) await effect(...args);
      throw new PowerCut();
    };
    Object.assign(files, { [name]: cutting });
  }
  return () => Object.assign(files, real);
}

type Effect = (...args: unknown[]) => Promise<unknown>;

async function applyStep(host: MemoryHost, { contents, value, mode, edit, cut }: Step): Promise<void> {
  const resources: Resource[] = [{ kind: "sysctl", key: "vm.overcommit_memory", value, why: "a test" }];
  for (const [index, path] of PATHS.entries()) {
    const content = contents[index];
    if (content !== undefined) resources.push(plannedFile(path, content, { mode }));
  }
  if (edit !== undefined) {
    const path = PATHS[edit.index] ?? PATHS[0];
    // Another process's edit of what the daemon has not touched yet is the original then.
    if (createRounds(host).entries()[`file:${path}`] !== undefined) host.files.put(path, edit.content);
  }
  const powerBack = cutPowerAt(host, cut);
  await createRounds(host)
    .apply(...resources)
    .catch(() => undefined);
  powerBack();
}

async function restoreAll(host: MemoryHost, cut: Step["cut"]): Promise<void> {
  const powerBack = cutPowerAt(host, cut);
  try {
    for (const entry of await createRounds(host).ledger.list())
      if (await isStillOwn(host, entry)) await restoreEntry(host, entry);
  } catch (error) {
    if (cut === undefined) throw error;
  } finally {
    powerBack();
  }
}

test("after any rounds, edits and power cuts a reset returns every original, with its mode", async () => {
  await fc.assert(
    fc.asyncProperty(originals, fc.array(step, { maxLength: 6 }), step, async (before, steps, { cut }) => {
      const host = new MemoryHost();
      host.files.put(SYSCTL, "7\n");
      host.files.put("/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 x rw\n");
      for (const [index, original] of before.entries())
        if (original !== null) host.files.put(PATHS[index] ?? "", original.content, { mode: original.mode });
      for (const each of steps) await applyStep(host, each);
      await restoreAll(host, cut); // It may be broken off, too, and is run again.
      await restoreAll(host, undefined);
      const after = PATHS.map((path) => host.files.peek(path)).map((file) =>
        file === undefined ? null : { content: file.content, mode: file.mode },
      );
      assert.deepEqual(
        after,
        before.map((original) => original && { ...original }),
      );
      assert.equal(host.files.peek(SYSCTL)?.content.trim(), "7");
    }),
    { numRuns: 300 },
  );
});
