// A disk that is full, has no inodes left, takes no writes, or does not answer: kubelet and pods stay, and the node goes on by itself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { watchPage } from "../e2e/satellite.ts";
import { down } from "../sandbox/down.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, makeCritical, untilPage, type VirtualSatellite } from "./virtual.ts";

/** A write a minute, a minute without an answer, a round, and an emulated processor's share. */
const NOTICED_MS = 240_000;
/** Longer than a kubelet and a containerd may be silent until they are restarted. */
const HUNG_MS = 210_000;

let satellite: VirtualSatellite;
before(async () => {
  satellite = await bringUpVirtual();
  await makeCritical(satellite);
});
after(() => down(FOLDER));

const sh = (script: string) => satellite.box("/bin/sh", "-ec", script);

/** Processes that no fault of a disk may end. */
async function processes(): Promise<readonly number[]> {
  const daemon = await satellite.mainPid("eks-satellite");
  return [daemon, await satellite.kubeletPid(), await satellite.mainPid("containerd")];
}

/** Breaks the disk, waits until the condition says so, and mends it: what runs stays, and everything is well again. */
async function breakAndMend(
  reason: string,
  { harm, mend }: { harm: () => Promise<unknown>; mend: () => Promise<unknown> },
) {
  const running = await processes();
  let message = "";
  const { failures } = await watchPage(satellite, async () => {
    await harm();
    try {
      ({ message } = await satellite.untilReason("DiskAvailable", reason, NOTICED_MS));
    } finally {
      await mend();
    }
    await satellite.untilHealthy(HEALTHY_MS);
  });
  assert.deepEqual(failures, []);
  assert.deepEqual(await processes(), running);
  return message;
}

test("a disk that is full to its last block is named, and has room again without a restart", async () => {
  const message = await breakAndMend("DiskFull", {
    // What is kept for root, too.
    harm: () =>
      sh(
        'fallocate -l "$(df --output=avail --block-size=1 / | tail -n 1)" /root/ballast; cat /dev/zero > /root/rest || true',
      ),
    mend: () => sh("rm /root/ballast /root/rest"),
  });
  assert.match(message, /\/var\/lib\/kubelet has \d\.\d % of its space left/);
});

test("a disk without inodes is named, and has some again without a restart", async () => {
  const message = await breakAndMend("DiskFull", {
    harm: () =>
      sh("mkdir /root/many; cd /root/many; seq $(df --output=iavail / | tail -n 1) | xargs touch 2>/dev/null || true"),
    mend: () => sh("rm -r /root/many"),
  });
  assert.match(message, /\/var\/lib\/kubelet has \d\.\d % of its inodes left/);
});

test("a disk that hangs is named, and neither the daemon nor containerd is restarted for it", async () => {
  const message = await breakAndMend("DiskHung", {
    harm: () => satellite.virtual.hangDisk(true),
    mend: async () => {
      await delay(HUNG_MS);
      await satellite.virtual.hangDisk(false);
    },
  });
  assert.match(message, /\/var\/lib\/eks-satellite has taken no write for \d+ s/);
});

test("a file system that the kernel made read-only for an error is named, and the node is Ready again after a reboot", async () => {
  const running = await processes();
  const { failures } = await watchPage(satellite, async () => {
    await sh("echo the test > /sys/fs/ext4/vda/trigger_fs_error");
    await satellite.untilReason("DiskAvailable", "DiskReadOnly", NOTICED_MS);
  });
  assert.deepEqual(failures, []);
  assert.deepEqual(await processes(), running);
  await satellite.sandbox.powerCut();
  await satellite.sandbox.boot();
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
});
