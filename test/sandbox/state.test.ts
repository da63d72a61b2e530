import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { choose } from "./choices.ts";
import { hostArch } from "./processor.ts";
import { newFacts, readFacts, writeFacts } from "./state.ts";

test("facts are read as they were written, and those of an earlier commit have the host's processor", async () => {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-state-"));
  try {
    assert.equal(await readFacts(folder), undefined);
    const facts = newFacts(3, choose({ machine: "vm", arch: "arm64" }));
    await writeFacts(folder, facts);
    assert.deepEqual(await readFacts(folder), facts);
    const { arch: _, ...earlier } = facts;
    await writeFile(join(folder, "state.json"), JSON.stringify(earlier));
    assert.deepEqual(await readFacts(folder), { ...earlier, arch: hostArch });
    await writeFile(join(folder, "state.json"), '{"slot": 3,');
    assert.equal(await readFacts(folder), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});
