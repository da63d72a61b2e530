// Node for a machine's processor: this process's own, or the one that a release takes along for another processor.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeLockedNode } from "../../scripts/release/node-package.ts";
import { type Arch, architectureOf, isForeign } from "./processor.ts";
import { cacheFolder } from "./state.ts";

const project = join(import.meta.dirname, "..", "..");

/** The bytes of the program. */
export async function readNode(arch: Arch): Promise<Buffer> {
  if (!isForeign(arch)) return readFile(process.execPath);
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-node-"));
  try {
    const places = { cache: join(cacheFolder(), "node-packages"), folder };
    return await readFile((await takeLockedNode(project, architectureOf(arch), places)).program);
  } finally {
    await rm(folder, { recursive: true });
  }
}
