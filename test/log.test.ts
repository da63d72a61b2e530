import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { SatelliteError } from "../agent/errors.ts";
import { createLog, LOG_FORMATS, type LogFormat, logAt } from "../agent/log.ts";
import { Secret } from "../agent/secret.ts";
import { assertFast, FLOODS } from "./fakes/floods.ts";

function setUp(format: LogFormat, environment: Record<string, string> = {}, level: "debug" | "info" = "debug") {
  const lines: string[] = [];
  return { lines, log: createLog({ level, format }, (line) => void lines.push(line), environment) };
}

test("under systemd each line begins with its priority", () => {
  const { lines, log } = setUp("auto", { JOURNAL_STREAM: "8:1" });
  for (const level of ["debug", "info", "notice", "warn", "error"] as const) logAt(log, level)("said");
  assert.deepEqual(lines, ["<7>said\n", "<6>said\n", "<5>said\n", "<4>said\n", "<3>said\n"]);
});

test("on a terminal each line begins with its level", () => {
  const { lines, log } = setUp("auto");
  log.warn({ pid: 7 }, "careful");
  assert.deepEqual(lines, ["WARN  careful pid=7\n"]);
});

test("fields follow the sentence, quoted when they need it", () => {
  const { lines, log } = setUp("text");
  log.info({ path: "/etc/a", why: "two words", number: 1.5, isTrue: false, list: ["a"] }, "changed");
  assert.deepEqual(lines, ['INFO  changed path=/etc/a why="two words" number=1.5 isTrue=false list=["a"]\n']);
});

test("an error is one line: what failed, its causes, what to do, its code", () => {
  const { lines, log } = setUp("journald");
  const cause = new Error("ENOSPC: no space left on device");
  log.error(
    { err: new SatelliteError("disk-full", "/a was not written", { hint: "Free space.", cause }) },
    "a round failed",
  );
  assert.deepEqual(lines, [
    "<3>a round failed: /a was not written: ENOSPC: no space left on device → Free space. code=disk-full\n",
  ]);
});

test("an error that is the whole line says its first sentence once", () => {
  const err = new SatelliteError("disk-full", "/a was not written", { cause: new Error("ENOSPC") });
  for (const format of ["text", "journald"] as const) {
    const { lines, log } = setUp(format);
    log.error({ err });
    assert.match(lines[0] ?? "", /^(ERROR |<3>)\/a was not written: ENOSPC code=disk-full\n$/);
  }
});

test("the words of others bring no terminal sequence, no hidden character and no line of their own", () => {
  for (const format of LOG_FORMATS) {
    const { lines, log } = setUp(format);
    log.error(
      { err: new Error("\u001b[2Jcleared"), field: "\u202eturned" },
      "kubelet: \u009b31mred\u001b]0;title\u0007 a\rb\u200b",
    );
    assert.doesNotMatch(lines.join(""), /(?!\n)[\p{Cc}\p{Cf}]/u, format);
    assert.equal(lines.join("").split("\n").length, 2, format);
  }
});

test("a line is cut where systemd would split it", () => {
  const { lines, log } = setUp("journald");
  log.notice({ after: 1 }, `kubelet: ${"x".repeat(100_000)}`);
  assert.ok((lines[0] ?? "").length < 33_000);
  assert.match(lines[0] ?? "", /x… and \d+ more characters\n$/);
});

for (const [name, flood] of FLOODS)
  test(`a line with 1 MB of ${name} costs no time`, () => {
    for (const format of ["journald", "json"] as const) {
      const { log } = setUp(format);
      assertFast(() => log.notice({ err: new Error(flood) }, `x\n${flood}\ny`), 400);
    }
  });

test("a message of several lines stays one line: the journal would lose the priority of the others", () => {
  for (const format of ["journald", "text"] as const) {
    const { lines, log } = setUp(format);
    log.error({ stderr: "x\ny" }, "first\n  second\r\n\nthird");
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.indexOf("\n"), (lines[0]?.length ?? 0) - 1, lines[0]);
    assert.match(lines[0] ?? "", /first ⏎ second ⏎ third/);
  }
});

test("JSON lines carry time, level and the error's code and hint", () => {
  const { lines, log } = setUp("json");
  log.warn({ err: new SatelliteError("swap-on", "swap is on", { hint: "swapoff -a" }) }, "not now");
  const { time, ...line } = JSON.parse(lines[0] ?? "{}");
  assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.deepEqual(line, {
    level: "warn",
    err: { code: "swap-on", message: "swap is on", hint: "swapoff -a" },
    msg: "not now",
  });
});

test("what is below the level is not written", () => {
  const { lines, log } = setUp("text", {}, "info");
  log.debug("quiet");
  assert.deepEqual(lines, []);
});

test("a message with percent signs is written as it is", () => {
  const { lines, log } = setUp("text");
  log.info("kubelet: disk 85% full, %s %d %j");
  assert.deepEqual(lines, ["INFO  kubelet: disk 85% full, %s %d %j\n"]);
});

test("no format, and no way of printing, shows a secret", () => {
  const secret = new Secret("top-secret");
  const keys = { accessKeyId: "AKIA", secretAccessKey: secret, nested: [{ secret }] };
  for (const format of LOG_FORMATS) {
    const { lines, log } = setUp(format);
    log.info({ keys, secret }, `the secret is ${secret}`);
    log.info({ err: new SatelliteError("x", `failed with ${secret}`, { cause: keys }) });
    assert.doesNotMatch(lines.join(""), /top-secret/);
    assert.match(lines.join(""), /\[secret\]/);
  }
  assert.doesNotMatch(`${secret}${JSON.stringify(keys)}${inspect(keys, { depth: 9, showHidden: true })}`, /top-secret/);
  assert.equal(secret.reveal(), "top-secret");
});
