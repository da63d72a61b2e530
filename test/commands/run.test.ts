import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand } from "../../agent/commands/run.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("the daemon refuses to run without root, before it reads anything", async () => {
  const host = new MemoryHost();
  host.userId = 1000;
  const context = { host, environment: {}, write: () => undefined };
  await assert.rejects(
    runCommand(context, { config: "/etc/eks-satellite/config.yaml" }, new AbortController().signal),
    {
      code: "not-root",
      message: /runs as user 1000/,
      hint: /sudo/,
    },
  );
});
