// The figures of GPUs, on a sandbox of their own whose machine has an emulated GPU.
import { join } from "node:path";
import { standInGpus } from "../e2e/gpu-stand-in.ts";
import { bringUp } from "../e2e/satellite.ts";
import { readGpuMachine } from "../fakes/gpu-machine.ts";
import { down } from "../sandbox/down.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { type Figure, median } from "./figure.ts";
import { measureSmiStarts, measureStorm, measureXidDelays } from "./gpu-daemon.ts";
import { measureGpuRounds, measureKernelLogWatch } from "./gpu-round.ts";

const NAME = "bench-gpu-sandbox";
const RUNS = 50;

/** Measures and reports each of them. */
export async function reportGpuFigures(report: (figure: Figure) => void): Promise<void> {
  const [none, one, eight] = [
    await measureGpuRounds("no-gpu", RUNS),
    await measureGpuRounds("a10", RUNS),
    await measureGpuRounds("a100-sxm-8", RUNS),
  ];
  const byGpus = { "0 GPUs": median(none), "1 GPU": median(one), "8 GPUs": median(eight) };
  report({ metric: "gpu_round_ms", value: median(eight), samples: { ...byGpus, worstMs: Math.max(...eight) } });
  report({ metric: "kernel_log_watch_percent", value: await measureKernelLogWatch() });
  const satellite = await bringUp(NAME);
  try {
    await standInGpus(satellite, readGpuMachine("a10"), ["GPU-0"]);
    const delays = await measureXidDelays(satellite);
    report({ metric: "xid_to_condition_ms", value: Math.max(...delays), samples: { medianMs: median(delays) } });
    const { cpuPercent, lostXids, ...samples } = await measureStorm(satellite);
    report({ metric: "kernel_storm_cpu_percent", value: cpuPercent, samples });
    report({ metric: "kernel_storm_lost_xids", value: lostXids, samples });
    report({ metric: "nvidia_smi_starts", value: await measureSmiStarts(satellite) });
  } finally {
    await down(join(cacheFolder(), NAME));
  }
}
