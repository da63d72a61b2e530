import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeletLog } from "../../agent/kubelet/kubelet-log.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const INFO = "W1123 06:28:59.123456 4711 a.go:5] going on";
const PANIC = [
  "panic: runtime error: invalid memory address",
  "",
  "goroutine 1 [running]:",
  "main.main()",
  "\t/a.go:7 +0x1d",
];

function setUp() {
  const clock = new MemoryClock();
  const { log, lines } = createMemoryLog();
  const heard: string[] = [];
  const kubelet = new KubeletLog(log, clock, ({ message }) => heard.push(message));
  const said = () => lines.map(({ level, msg }) => `${level} ${msg}`);
  return { clock, log, kubelet, heard, said };
}

test("a panic's lines are errors, together and in order, whatever is logged meanwhile", () => {
  const { log, kubelet, heard, said } = setUp();
  for (const line of PANIC) {
    kubelet.write(line);
    log.info("a round");
  }
  kubelet.write(INFO);
  assert.deepEqual(said().slice(PANIC.length), [
    ...PANIC.map((line) => `error kubelet: ${line}`),
    "info kubelet: going on",
  ]);
  assert.deepEqual(heard, [PANIC[0], "going on"]);
});

test("a panic is told when kubelet ends, or half a second later", async () => {
  const { clock, kubelet, said } = setUp();
  kubelet.write(PANIC[0] ?? "");
  kubelet.flush();
  assert.equal(said().length, 1);
  kubelet.write(PANIC[0] ?? "");
  await clock.advance(500);
  assert.equal(said().length, 2);
});

test("of an endless panic the first 200 lines are told, and how many there were more", () => {
  const { kubelet, said } = setUp();
  kubelet.write(PANIC[0] ?? "");
  for (let line = 0; line < 300; line += 1) kubelet.write(`\t/a.go:${line}`);
  kubelet.flush();
  assert.deepEqual([said().length, said().at(-1)], [201, "error kubelet: … and 101 more lines of the panic"]);
});

test("the environment of a pod does not enter the log", () => {
  const { kubelet, said } = setUp();
  kubelet.write(
    'E0102 03:04:05.000001 1 kuberuntime_manager.go:1358] "Unhandled Error" err="container &Container{Env:[]EnvVar{EnvVar{Name:DB_PASSWORD,Value:hunter2,ValueFrom:nil,},},} start failed"',
  );
  assert.match(said()[0] ?? "", /^notice kubelet: .*DB_PASSWORD.* start failed"$/);
  assert.doesNotMatch(said()[0] ?? "", /hunter2/);
});
