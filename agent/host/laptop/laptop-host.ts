// The computer of an administrator: what every system has on which Node runs. Nothing here knows Linux, systemd or root.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { hostname as readHostname } from "node:os";
import { join } from "node:path";
import { describe, SatelliteError } from "../../errors.ts";
import { writeAtomically } from "../atomic-write.ts";
import { explaining, readRealPath, readWithStatus, toStatus, unlessAbsent } from "../files/read.ts";
import { fetchHttp } from "../http.ts";
import { createRunner } from "./run-command.ts";
import { sleep } from "./sleep.ts";
import type { LaptopFiles, LaptopHost } from "./types.ts";

const MAX_BYTES = 16 * 2 ** 20;

/** Creates the handle on this computer. */
export function createLaptopHost(): LaptopHost {
  return {
    files: createLaptopFiles(),
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      sleep,
    },
    hostname: readHostname(),
    userId: process.geteuid?.() ?? -1,
    run: createRunner(() => undefined),
    fetch: fetchHttp,
  };
}

function createLaptopFiles(): LaptopFiles {
  return {
    read: (path) => asUser(async () => (await unlessAbsent(path, () => readWithStatus(path, MAX_BYTES)))?.text),
    readWithStatus: (path, maxBytes) => asUser(() => unlessAbsent(path, () => readWithStatus(path, maxBytes))),
    status: (path) => asUser(() => unlessAbsent(path, async () => toStatus(await stat(path)))),
    write: (path, content, options) => asUser(() => writeAtomically(path, content, options)),
    realPath: (path) => asUser(() => readRealPath(path)),
    makeTemporaryFolder: (parent) => asUser(() => explaining(parent, () => mkdtemp(join(parent, ".eks-satellite-")))),
    removeTree: (path) => asUser(() => explaining(path, () => rm(path, { recursive: true, force: true }))),
  };
}

const FOR_ROOT = "Run as root.";

/** An administrator needs not be root, and a file that another user owns is not theirs to write. */
async function asUser<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, message, hint } = describe(cause);
    if (hint !== FOR_ROOT) throw cause;
    throw new SatelliteError(code, message, { hint: "Give a file in a folder that is yours, or see ls -l." });
  }
}
