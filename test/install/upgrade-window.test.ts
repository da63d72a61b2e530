import assert from "node:assert/strict";
import { test } from "node:test";
import { UpgradeWindow } from "../../agent/install/upgrade-window.ts";
import { setUpUpgrade } from "../fakes/kubelet-upgrade.ts";
import { setUpArtifacts } from "../fakes/memory-artifacts.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";

const SUNDAY = { upgradeWindow: "0 3 * * 0", upgradeTimeZone: "UTC", upgradeWindowMinutes: 120 };

/** Whether the window is open at a time of day. */
async function isOpenAt(time: string, changes: Partial<typeof SUNDAY> = {}): Promise<boolean> {
  const clock = new MemoryClock();
  clock.set(Date.parse(time) - clock.now());
  return new UpgradeWindow({ clock }, { ...SUNDAY, ...changes }).isOpen();
}

test("without a window an upgrade may begin at any time", async () => {
  const window = new UpgradeWindow({ clock: new MemoryClock() }, { ...SUNDAY, upgradeWindow: undefined });
  assert.equal(await window.isOpen(), true);
  assert.equal(window.status(), undefined);
});

test("a window opens at its minute and closes after its minutes", async () => {
  const open = await Promise.all(
    [
      "2026-11-29T02:59:59Z",
      "2026-11-29T03:00:00Z",
      "2026-11-29T04:59:59Z",
      "2026-11-29T05:00:00Z",
      "2026-11-30T03:30:00Z",
    ].map((time) => isOpenAt(time)),
  );
  assert.deepEqual(open, [false, true, true, false, false]);
});

test("the hour is that of the time zone, in summer and in winter", async () => {
  const berlin = { upgradeTimeZone: "Europe/Berlin", upgradeWindowMinutes: 60 };
  assert.equal(await isOpenAt("2026-11-29T02:30:00Z", berlin), true);
  assert.equal(await isOpenAt("2026-07-05T01:30:00Z", berlin), true);
  assert.equal(await isOpenAt("2026-07-05T02:30:00Z", berlin), false);
});

test("a window that is closed says when the next one opens, in /status", async () => {
  const clock = new MemoryClock();
  const window = new UpgradeWindow({ clock }, SUNDAY);
  assert.equal(await window.isOpen(), false);
  const { isOpen, cron, opensAt = "" } = window.status() ?? {};
  assert.deepEqual([isOpen, cron], [false, "0 3 * * 0"]);
  assert.equal(new Date(opensAt).getUTCHours(), 3);
});

const WINDOWED = `kubelet: { upgrade: auto, upgradeWindow: "0 3 * * 0" }`;

test("a kubelet that runs is replaced within a window, and not before it", async () => {
  const { host, round, linked } = await setUpUpgrade(WINDOWED);
  const goTo = (time: string) => host.clock.set(Date.parse(time) - host.clock.now());
  goTo("2026-11-28T12:00:00Z");
  await round();
  await round();
  assert.equal(linked(), "1.33.13");
  goTo("2026-11-29T03:10:00Z");
  await round();
  await round();
  assert.equal(linked(), "1.34.4");
});

test("a kubelet that is missing waits for no window", async () => {
  const { round, linked } = setUpArtifacts(["1.33.13"], WINDOWED);
  await round();
  await round();
  assert.equal(linked(), "1.33.13");
});
