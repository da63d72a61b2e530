// Power cuts while the daemon writes: never a half-written file, and the node is Ready again with nobody's help.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { bringUp, MANAGED_FILES, type Satellite } from "./satellite.ts";

/** Each takes some seconds: `EKS_SATELLITE_POWER_CUTS=20` for more. */
const CUTS = Number(process.env.EKS_SATELLITE_POWER_CUTS ?? 4);
/** From the daemon's start to the end of its first round are about 0.3 s, and to a Ready node 1 s. */
const LONGEST_MS = 1500;

const EDITED = "# edited by hand\n";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.restore();
});
after(() => satellite.restore());

/** A file of the machine, whether that runs or not; undefined when there is none. */
async function readFile(path: string): Promise<string | undefined> {
  return (await satellite.sandbox.machine.read(path))?.toString();
}

async function listTemporaries(): Promise<readonly string[]> {
  const folders = new Set(MANAGED_FILES.map((path) => path.slice(0, path.lastIndexOf("/"))));
  const found = await Promise.all(
    [...folders, "/var/lib/eks-satellite", "/var/lib/eks-satellite/ledger"].map(async (folder) => {
      const names = await satellite.sandbox.machine.list(folder);
      return names.filter((name) => name.endsWith(".tmp")).map((name) => `${folder}/${name}`);
    }),
  );
  return found.flat();
}

test(`${CUTS} power cuts in the midst of rounds that write: every file is whole, and the node comes back by itself`, async () => {
  const originals = new Map(
    await Promise.all(MANAGED_FILES.map(async (path) => [path, await readFile(path)] as const)),
  );
  for (let cut = 0; cut < CUTS; cut += 1) {
    await satellite.systemctl("stop");
    for (const path of MANAGED_FILES)
      await satellite.box("/bin/sh", "-c", cut % 2 === 0 ? `rm -f ${path}` : `printf '${EDITED}' > ${path}`);
    await satellite.box("systemctl", "start", "--no-block", "eks-satellite");
    await delay(Math.random() * LONGEST_MS);
    await satellite.sandbox.powerCut();
    for (const path of MANAGED_FILES) {
      const left = await readFile(path);
      const isWhole = left === originals.get(path) || left === (cut % 2 === 0 ? undefined : EDITED);
      assert.ok(isWhole, `cut ${cut}: ${path} is neither as it was nor as it shall be:\n${left}`);
    }
    await satellite.sandbox.boot();
    await satellite.untilHealthy(120_000);
  }
  for (const path of MANAGED_FILES) assert.equal(await readFile(path), originals.get(path), path);
  assert.deepEqual(await listTemporaries(), []);
});
