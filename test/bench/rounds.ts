// What a round without a change costs a processor, by the number of managed files: a registry is one. Files are real, commands are not run.
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Files } from "../../agent/host/host.ts";
import { createLinuxFiles } from "../../agent/host/linux-files.ts";
import { replacing } from "../../agent/host/replacing.ts";
import { setUpConverger } from "../fakes/memory-converger.ts";
import type { MemoryFiles } from "../fakes/memory-files.ts";
import { sampleConfig } from "../fakes/samples.ts";
import { type Figure, median } from "./figure.ts";

const REGISTRIES = [0, 10, 100, 500];
const ROUNDS = 15;
/** As between two rounds of a daemon: what a processor has kept of the one before is gone. */
const PAUSE_MS = 200;
/** After this a file that was written counts as settled. */
const SETTLED_MS = 2500;

/** Reports the round with no registry, and with each number of them in its samples. */
export async function reportRoundFigures(report: (figure: Figure) => void): Promise<void> {
  const byFiles: Record<string, number> = {};
  for (const registries of REGISTRIES) {
    const { files, cpuMs } = await measureRounds(registries);
    byFiles[`${files} files`] = Math.round(median(cpuMs) * 1000) / 1000;
  }
  const [value = Number.NaN] = Object.values(byFiles);
  report({ metric: "round_cpu_ms", value, samples: byFiles });
}

async function measureRounds(
  registries: number,
): Promise<{ readonly files: number; readonly cpuMs: readonly number[] }> {
  const root = await mkdtemp(join(tmpdir(), "rounds-"));
  try {
    const { host, converger } = setUpConverger(sampleConfig(renderRegistries(registries)));
    await converger.round();
    Object.assign(host, { files: onDisk(host.files, root) });
    await converger.round();
    await delay(SETTLED_MS);
    await converger.round();
    const { changes } = converger.figures;
    const cpuMs: number[] = [];
    while (cpuMs.length < ROUNDS) {
      await delay(PAUSE_MS);
      const before = process.cpuUsage();
      await converger.round();
      const { user, system } = process.cpuUsage(before);
      cpuMs.push((user + system) / 1000);
    }
    if (converger.figures.changes !== changes) throw new Error("a round had something to do");
    return { files: converger.files.length, cpuMs };
  } finally {
    await rm(root, { recursive: true });
  }
}

function renderRegistries(count: number): string {
  const lines = Array.from(
    { length: count },
    (_, number) => `    registry-${number}.example.com: { mirrors: [{ url: "https://mirror.example.com/${number}" }] }`,
  );
  return count === 0 ? "" : `containerd:\n  registries:\n${lines.join("\n")}\n`;
}

/** The files of a machine in memory, below a folder of a real disk: each is written there when it is first asked for. */
function onDisk(memory: MemoryFiles, root: string): Files {
  const disk = createLinuxFiles();
  const copied = new Set<string>();
  const copy = async (path: string) => {
    if (copied.has(path)) return;
    copied.add(path);
    const status = await memory.status(path);
    if (status === undefined) return;
    await mkdir(dirname(root + path), { recursive: true });
    if (status.kind === "folder") await mkdir(root + path, { recursive: true });
    else await writeFile(root + path, memory.peek(path)?.content ?? "");
    await chmod(root + path, status.mode);
  };
  const at = <T>(path: string, ask: (place: string) => Promise<T>): Promise<T> =>
    copied.has(path) ? ask(root + path) : copy(path).then(() => ask(root + path));
  return replacing<Files>(memory, {
    read: (path) => at(path, disk.read),
    readWithStatus: (path, maxBytes) => at(path, (place) => disk.readWithStatus(place, maxBytes)),
    status: (path) => at(path, disk.status),
  });
}
