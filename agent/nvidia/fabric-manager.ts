// NVIDIA's fabric manager. On a machine with NVSwitches no CUDA program starts without it (error 802, system not yet initialized).

import { findProcesses } from "../facts/process.ts";
import type { Host } from "../host/host.ts";

/** `nv-fabricmanager`, cut to the 15 characters of /proc/PID/comm. */
const COMMAND = "nv-fabricmanage";

/** Creates a function that reads whether it runs. It remembers the pid, because a search of all processes takes milliseconds. */
export function createFabricManagerReader(host: Host): () => Promise<boolean> {
  let known: number | undefined;
  return async () => {
    if (known !== undefined && (await host.files.read(`/proc/${known}/comm`))?.trim() === COMMAND) return true;
    [known] = await findProcesses(host, COMMAND);
    return known !== undefined;
  };
}
