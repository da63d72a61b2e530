// Reads the facts of the GPUs with a limit: the driver's files below /proc wait for a lock, which a GPU that hangs may never give back.
import { SatelliteError } from "../errors.ts";
import { type GpuFacts, readGpus, readPciGpus } from "../facts/gpu.ts";
import type { Host } from "../host/host.ts";

/** Facts, and why the driver's part of them is missing or of an earlier round. */
export interface DriverReading {
  readonly facts: GpuFacts;
  readonly problem?: SatelliteError;
}

const LIMIT_MS = 10_000;

/** Creates a function that reads. While the driver hangs it is not asked again: each further read would occupy another thread. */
export function createDriverReader(host: Host, limitMs: number = LIMIT_MS): () => Promise<DriverReading> {
  let pending: { readonly result: Promise<GpuFacts>; readonly sinceMs: number } | undefined;
  let last: GpuFacts | undefined;
  const start = () => {
    const result = readGpus(host).finally(() => {
      pending = undefined;
    });
    result.catch(() => undefined); // After the limit no one awaits it.
    return { result, sinceMs: host.clock.monotonic() };
  };
  const explain = (sinceMs: number) =>
    new SatelliteError(
      "gpu-driver-stuck",
      `the NVIDIA driver hangs: a read below /proc/driver/nvidia has not ended for ${Math.round((host.clock.monotonic() - sinceMs) / 1000)} s`,
      {
        hint: "kubectl drain the node, then systemctl reboot; if that hangs, power-cycle. dmesg | grep NVRM says why.",
      },
    );
  return async () => {
    const isNew = pending === undefined;
    pending ??= start();
    const { result, sinceMs } = pending;
    const over = new AbortController();
    const late = host.clock.sleep(isNew ? limitMs : 0, over.signal).then(
      () => undefined,
      () => undefined, // The read has ended.
    );
    const facts = await Promise.race([result, late]).finally(() => over.abort());
    if (facts === undefined) return { facts: last ?? (await readPciGpus(host)), problem: explain(sinceMs) };
    last = facts;
    return { facts };
  };
}
