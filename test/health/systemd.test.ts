import assert from "node:assert/strict";
import { test } from "node:test";
import { createSystemd, watchdogPeriodSeconds } from "../../agent/health/systemd.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const UNIT = { NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "300000000" };

function setUp(environment: Record<string, string> = UNIT) {
  const host = new MemoryHost();
  host.install("systemd-notify", () => ({}));
  const { log, messages } = createMemoryLog();
  return { host, messages, systemd: createSystemd(host, log, environment) };
}

test("systemd hears in the daemon's own name that it is ready, alive and stopping", async () => {
  const { host, systemd } = setUp();
  await systemd.ready("joining the cluster");
  await systemd.ping();
  await systemd.stopping();
  assert.deepEqual(host.commands, [
    "systemd-notify --pid=42 READY=1 STATUS=joining the cluster",
    "systemd-notify --pid=42 WATCHDOG=1",
    "systemd-notify --pid=42 STOPPING=1",
  ]);
});

test("a status is sent when it is new", async () => {
  const { host, systemd } = setUp();
  for (const text of ["a", "a", "b", "b", "a"]) await systemd.showStatus(text);
  assert.deepEqual(
    host.commands.map((command) => command.split("STATUS=")[1]),
    ["a", "b", "a"],
  );
});

test("outside systemd nothing is run", async () => {
  const { host, systemd } = setUp({});
  await systemd.ready("x");
  await systemd.ping();
  assert.deepEqual(host.commands, []);
});

test("a messenger that fails, or is not there, is a warning and nothing worse", async () => {
  const { host, systemd, messages } = setUp();
  host.install("systemd-notify", () => ({ exitCode: 1, stderr: "no socket" }));
  await systemd.ready("x");
  host.uninstall("systemd-notify");
  await systemd.ready("x");
  await systemd.stopping();
  assert.deepEqual(
    messages("warn"),
    Array.from({ length: 3 }, () => "systemd-notify failed"),
  );
});

test("a ping is looked for three times in what systemd allows, and at least every half minute", () => {
  assert.equal(watchdogPeriodSeconds({ WATCHDOG_USEC: "300000000" }), 30);
  assert.equal(watchdogPeriodSeconds({ WATCHDOG_USEC: "90000000" }), 30);
  assert.equal(watchdogPeriodSeconds({ WATCHDOG_USEC: "6000000" }), 2);
  assert.equal(watchdogPeriodSeconds({ WATCHDOG_USEC: "1000000" }), 1);
  for (const WATCHDOG_USEC of [undefined, "", "0", "soon"]) assert.equal(watchdogPeriodSeconds({ WATCHDOG_USEC }), 30);
});

/** When pings are sent, seconds after the first, if each period of so many seconds asks for one. */
async function pingedAt(
  WATCHDOG_USEC: string,
  period: number,
  lost: readonly number[] = [],
): Promise<readonly number[]> {
  const { host, systemd } = setUp({ ...UNIT, WATCHDOG_USEC });
  const sent: number[] = [];
  for (let second = 0; second <= 12 * period; second += period) {
    host.install("systemd-notify", () => {
      sent.push(second);
      return { exitCode: lost.includes(second) ? 1 : 0 };
    });
    await systemd.ping();
    await host.clock.advance(period * 1000);
  }
  return sent;
}

test("a ping is sent three times in what systemd allows and no more often, and a lost one again at once", async () => {
  assert.deepEqual(await pingedAt("300000000", 30), [0, 90, 180, 270, 360]);
  assert.deepEqual(await pingedAt("300000000", 30, [90, 120]), [0, 90, 120, 150, 240, 330]);
  assert.deepEqual((await pingedAt("6000000", 2)).slice(0, 4), [0, 2, 4, 6]);
});

test("where systemd asks for no pings none is sent", async () => {
  const { host, systemd } = setUp({ NOTIFY_SOCKET: "/run/systemd/notify" });
  await systemd.ping();
  assert.deepEqual(host.commands, []);
});
