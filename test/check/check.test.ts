import assert from "node:assert/strict";
import { test } from "node:test";
import { type Finding, type GroupedCheck, ok, runChecks } from "../../agent/check/check.ts";
import { createContext } from "../../agent/check/context.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const named = (name: string, run: () => Promise<Finding>): GroupedCheck => ({
  name,
  group: "machine",
  checks: "nothing",
  run,
});

/** A context without a configuration. */
function setUp() {
  const host = new MemoryHost();
  const configProblem = new SatelliteError("config-missing", "there is no configuration");
  return {
    host,
    context: createContext({
      host,
      environment: {},
      configFile: "/etc/eks-satellite/config.yaml",
      config: undefined,
      configProblem,
    }),
  };
}

test("checks run in parallel, and are reported in their own order", async () => {
  const { host, context } = setUp();
  const after = (milliseconds: number, words: string) => async () => {
    await host.clock.sleep(milliseconds);
    return ok(words);
  };
  const running = runChecks([named("slow", after(5000, "slow")), named("quick", after(4000, "quick"))], context);
  await host.clock.advance(5000);
  assert.deepEqual(
    (await running).map(({ evidence }) => evidence),
    ["slow", "quick"],
  );
});

test("a throw is a failure with the error's message and hint, and stops no other check", async () => {
  const { context } = setUp();
  const broken = named("broken", async () => {
    throw new SatelliteError("disk-full", "the disk is full", { hint: "df -h." });
  });
  assert.deepEqual(await runChecks([broken, named("other", async () => ok("fine"))], context), [
    { name: "broken", group: "machine", outcome: "fail", evidence: "the disk is full", remedy: "df -h." },
    { name: "other", group: "machine", outcome: "ok", evidence: "fine" },
  ]);
});

test("a file that may not be read is unknown, however deep in the error", async () => {
  const { context } = setUp();
  const cause = new SatelliteError("file-unreadable", "/x could not be read", { hint: "Run as root." });
  const denied = named("denied", async () => {
    throw new SatelliteError("other", "no look", { cause });
  });
  const [finding] = await runChecks([denied], context);
  assert.deepEqual([finding?.outcome, finding?.remedy], ["unknown", "Run as root."]);
});

test("a failure after the deadline is ignored", async () => {
  const { host, context } = setUp();
  const late = named("late", async () => {
    await host.clock.sleep(20_000);
    throw new Error("too late");
  });
  const running = runChecks([late], context);
  await host.clock.advance(8000);
  assert.equal((await running)[0]?.evidence, "no answer in 8 s");
  await host.clock.advance(20_000);
});

test("without a configuration the machine's sections have the defaults, and the rest rejects with the reason", async () => {
  const { context } = setUp();
  assert.deepEqual([context.local.health.port, context.local.stateFolder], [9911, "/var/lib/eks-satellite"]);
  await assert.rejects(context.keys(), { code: "config-missing" });
});
