// Records what a daemon of the sandbox says on /metrics, well and in each fault that an alert is for: node test/monitoring/record.ts [names...]
// The texts in test/fixtures/metrics are what it wrote; a change of the metrics asks for new ones.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bringUp, type Satellite } from "../e2e/satellite.ts";
import { down } from "../sandbox/down.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { waitFor } from "../sandbox/wait.ts";
import { RECORDINGS, renderRecording } from "./recordings.ts";
import { readMetrics, type Scene } from "./scene.ts";
import { SCENES } from "./scenes.ts";

const SANDBOX = "metrics-sandbox";

const wanted = process.argv.slice(2);
const satellite = await bringUp(SANDBOX);
try {
  for (const scene of SCENES) if (wanted.length === 0 || wanted.includes(scene.name)) await play(satellite, scene);
} finally {
  await down(join(cacheFolder(), SANDBOX));
}

/** Plays one scene from a daemon that is well, and leaves one that is. */
async function play(one: Satellite, scene: Scene): Promise<void> {
  const began = Date.now();
  await one.untilHealthy(240_000);
  await scene.play(one, async (part) => {
    const name = part === undefined ? scene.name : `${scene.name}.${part}`;
    const text = await waitFor({ what: "/metrics", deadlineMs: 30_000, intervalMs: 50 }, () => readMetrics(one));
    await writeFile(join(RECORDINGS, `${name}.txt`), renderRecording(Math.round(Date.now() / 1000), `${text}\n`));
  });
  await scene.tidy?.(one);
  process.stderr.write(`${scene.name}: ${Math.round((Date.now() - began) / 1000)} s\n`);
}
