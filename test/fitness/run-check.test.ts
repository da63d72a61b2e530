import assert from "node:assert/strict";
import { test } from "node:test";
import { CHECKS } from "../../agent/commands/check.ts";
import { runCheck } from "../../agent/fitness/run-check.ts";
import type { RunResult } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const SUMMARY = { ok: 1, warn: 1, fail: 0, pending: 0, unknown: 0 };
const signal = new AbortController().signal;

function setUp(answer: Partial<RunResult> | Promise<Partial<RunResult>>) {
  const host = new MemoryHost();
  host.install("/bin/node", () => answer);
  const run = () => runCheck({ host, program: ["/bin/node", "--flag", "/p.mjs"], configFile: "/c.yaml", signal });
  return { host, run };
}

const output = (checks: unknown, summary: unknown = SUMMARY) => ({ stdout: JSON.stringify({ checks, summary }) });

test("the program is started again with its own arguments, and what is not ok is kept", async () => {
  const ok = { name: "os", group: "machine", outcome: "ok", evidence: "Ubuntu" };
  const warned = { name: "gpu", group: "machine", outcome: "warn", evidence: "slow\n\u001b[31mred", remedy: "wait" };
  const { host, run } = setUp(output([ok, warned]));
  assert.deepEqual(await run(), {
    summary: SUMMARY,
    findings: [{ name: "gpu", outcome: "warn", evidence: "slow ⏎ red", remedy: "wait" }],
  });
  assert.deepEqual(host.commands, ["/bin/node --flag /p.mjs check --skip hardware --output json --config /c.yaml"]);
});

test("a check that failed is a result like others: the exit code is 1", async () => {
  const failed = { name: "disk", outcome: "fail", evidence: "full" };
  const { run } = setUp({ exitCode: 1, ...output([failed], { ...SUMMARY, fail: 1 }) });
  assert.deepEqual((await run()).findings, [failed]);
});

test("garbage, another document, too many findings and silence are each an error with the words that came", async () => {
  const many = Array.from({ length: 101 }, () => ({ name: "x", outcome: "fail", evidence: "" }));
  const bad = [{ stdout: "Segmentation fault" }, { stdout: "[]" }, output(many), output([{ name: "x" }]), {}];
  for (const answer of bad)
    await assert.rejects(setUp({ exitCode: 139, ...answer }).run(), {
      code: "check-output-invalid",
      message: /^eks-satellite check exited with 139: /,
    });
  await assert.rejects(setUp({ exitCode: 1, stderr: `ERROR ${"x".repeat(100_000)}` }).run(), ({ message }: Error) => {
    return message.length < 500 && message.includes("ERROR");
  });
});

test("evidence without end is cut", async () => {
  const { run } = setUp(output([{ name: "gpu", outcome: "warn", evidence: "x".repeat(1_000_000) }]));
  assert.ok(((await run()).findings[0]?.evidence.length ?? 0) < 400);
});

test("a check that hangs is ended after a minute", async () => {
  const { host, run } = setUp(new Promise(() => undefined));
  const failing = assert.rejects(run(), { code: "command-timeout" });
  await host.clock.advance(60_000);
  await failing;
});

test("the real program, started as the daemon starts it, is understood", async () => {
  const program = [process.execPath, new URL("../../agent/main.ts", import.meta.url).pathname];
  const host = createLinuxHost();
  const { summary, findings } = await runCheck({ host, program, configFile: "/nowhere/config.yaml", signal });
  const total = Object.values(summary).reduce((sum, each) => sum + each, 0);
  assert.equal(total, CHECKS.length - 1, "all but the hardware");
  assert.equal(findings.length, total - summary.ok);
});
