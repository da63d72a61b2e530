// Power cuts while the daemon writes, on a machine of any kind.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { MANAGED_FILES, type Satellite } from "./satellite.ts";

const EDITED = "# edited by hand\n";

/** How often, and how long things take on the machine. */
export interface PowerCuts {
  readonly cuts: number;
  /** From the daemon's start to a Ready node: a cut comes at a random moment in it. */
  readonly longestMs: number;
  readonly healthyMs: number;
}

/** Removes or edits every managed file, cuts the power while the daemon repairs them, and boots the machine again. @throws Error when a file is torn */
export async function cutPowerInRounds(satellite: Satellite, { cuts, longestMs, healthyMs }: PowerCuts): Promise<void> {
  const originals = new Map(
    await Promise.all(MANAGED_FILES.map(async (path) => [path, await readFile(satellite, path)] as const)),
  );
  for (let cut = 0; cut < cuts; cut += 1) {
    await satellite.systemctl("stop");
    const edits = MANAGED_FILES.map((path) => (cut % 2 === 0 ? `rm -f ${path}` : `printf '${EDITED}' > ${path}`));
    // What is edited here is to be on the disk: it is not the daemon's to keep.
    await satellite.box("/bin/sh", "-ec", [...edits, "sync"].join("\n"));
    await satellite.box("systemctl", "start", "--no-block", "eks-satellite");
    await delay(Math.random() * longestMs);
    await satellite.sandbox.powerCut();
    for (const path of MANAGED_FILES) {
      const left = await readFile(satellite, path);
      const isWhole = left === originals.get(path) || left === (cut % 2 === 0 ? undefined : EDITED);
      assert.ok(isWhole, `cut ${cut}: ${path} is neither as it was nor as it shall be:\n${left}`);
    }
    await satellite.sandbox.boot();
    await satellite.untilHealthy(healthyMs);
  }
  for (const path of MANAGED_FILES) assert.equal(await readFile(satellite, path), originals.get(path), path);
  assert.deepEqual(await listTemporaries(satellite), []);
}

/** A file of the machine, whether that runs or not; undefined when there is none. */
async function readFile(satellite: Satellite, path: string): Promise<string | undefined> {
  return (await satellite.sandbox.machine.read(path))?.toString();
}

async function listTemporaries(satellite: Satellite): Promise<readonly string[]> {
  const folders = new Set(MANAGED_FILES.map((path) => path.slice(0, path.lastIndexOf("/"))));
  const found = await Promise.all(
    [...folders, "/var/lib/eks-satellite", "/var/lib/eks-satellite/ledger"].map(async (folder) => {
      const names = await satellite.sandbox.machine.list(folder);
      return names.filter((name) => name.endsWith(".tmp")).map((name) => `${folder}/${name}`);
    }),
  );
  return found.flat();
}
