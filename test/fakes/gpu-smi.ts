// nvidia-smi of one of the GPU machines, asked as the daemon asks it.
import { NvidiaSmi } from "../../agent/nvidia/nvidia-smi.ts";
import { becomeGpuMachine, type NvidiaSmiAnswers, readGpuMachine } from "./gpu-machine.ts";
import { MemoryHost } from "./memory-host.ts";

export const DRIVER = "550.54.15";

export function setUpSmi(name: string, changes: Partial<NvidiaSmiAnswers> = {}) {
  const host = new MemoryHost();
  const machine = readGpuMachine(name);
  becomeGpuMachine(host, { ...machine, nvidiaSmi: { ...machine.nvidiaSmi, ...changes } });
  const smi = new NvidiaSmi({ host, timeoutSeconds: 20 });
  return { host, machine, smi, ask: () => smi.query(DRIVER) };
}
