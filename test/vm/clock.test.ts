// The machine's own clock: set wrong and right again while the daemon runs, and stopped with the machine.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { watchPage } from "../e2e/satellite.ts";
import { down } from "../sandbox/down.ts";
import { waitFor } from "../sandbox/wait.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, untilPage, type VirtualSatellite } from "./virtual.ts";

/** `EKS_SATELLITE_SUSPEND_SECONDS=1200` for longer than a token lives. */
const SUSPEND_SECONDS = Number(process.env.EKS_SATELLITE_SUSPEND_SECONDS ?? 120);
/** How soon the conditions say what is so: a minute, and an emulated processor's share. */
const NOTICED_MS = 90_000;

const HOUR = 3600;
const DAY = 24 * HOUR;

let satellite: VirtualSatellite;
before(async () => {
  satellite = await bringUpVirtual();
  await satellite.untilHealthy(HEALTHY_MS);
});
after(() => down(FOLDER));

/** Puts the machine's clock so many seconds off the host's, which is AWS's too. */
function setClock(aheadSeconds: number): Promise<unknown> {
  return satellite.box("date", `--set=@${Math.floor(Date.now() / 1000) + aheadSeconds}`);
}

/** Waits until the daemon's loops have gone round twice more. */
async function untilNextRounds(): Promise<void> {
  const { rounds } = (await satellite.status()).converge;
  await waitFor({ what: "two more rounds", deadlineMs: NOTICED_MS, intervalMs: 1000 }, async () => {
    return (await satellite.status()).converge.rounds >= rounds + 2;
  });
}

for (const [what, seconds] of [
  ["an hour back", -HOUR],
  ["30 days forward", 30 * DAY],
] as const) {
  test(`a clock that is set ${what} is reported within a minute, and right within a minute of being set right`, async () => {
    const kubelet = await satellite.kubeletPid();
    const { failures } = await watchPage(satellite, async () => {
      await setClock(seconds);
      const { message } = await satellite.untilReason("ClockInSync", "ClockSkewed", NOTICED_MS);
      assert.match(message, seconds > 0 ? /ahead of AWS's/ : /behind AWS's/);
      await untilNextRounds();
      await setClock(0);
      await satellite.untilReason("ClockInSync", "InSync", NOTICED_MS);
      await satellite.untilHealthy(NOTICED_MS);
      await untilNextRounds();
    });
    assert.deepEqual(failures, []);
    assert.equal(await satellite.kubeletPid(), kubelet);
    const { keysExpireAt = "", tokenExpiresAt = "" } = (await satellite.status()).credentials;
    for (const time of [keysExpireAt, tokenExpiresAt]) {
      const leftMs = Date.parse(time) - Date.now();
      assert.ok(leftMs > 0 && leftMs <= HOUR * 1000, `good until ${time}, and it is ${new Date().toISOString()}`);
    }
  });
}

test(`a machine that was suspended for ${SUSPEND_SECONDS} s is Ready again within a minute, with keys and a token that are good`, async () => {
  await satellite.virtual.suspend();
  await satellite.sandbox.waitForNode(
    ({ status }) =>
      status?.conditions?.some(({ type, status: state }) => type === "Ready" && state !== "True") === true,
    120_000,
  );
  await delay(SUSPEND_SECONDS * 1000);
  await satellite.virtual.resume();
  await satellite.sandbox.waitForNode(undefined, NOTICED_MS);
  await untilNextRounds();
  // Its clock stood still, as that of a machine without NTP does.
  await setClock(0);
  await satellite.untilHealthy(NOTICED_MS);
  await untilPage(satellite);
});
