// Machines with GPUs, from test/fixtures/gpu: none was recorded from hardware.
import { globSync, readFileSync } from "node:fs";
import type { RunResult } from "../../agent/host/host.ts";
import type { MemoryHost } from "./memory-host.ts";

const folder = new URL("../fixtures/gpu/", import.meta.url).pathname;

export interface GpuMachine {
  readonly note: string;
  readonly describes: string;
  readonly architecture?: string;
  readonly pci: Readonly<Record<string, { readonly vendor: string; readonly class: string }>>;
  readonly files: Readonly<Record<string, string>>;
  readonly processes?: readonly string[];
  readonly kernelLog?: readonly string[];
  readonly nvidiaSmi: NvidiaSmiAnswers;
  readonly expected: {
    readonly devices: number;
    readonly answering: number;
    readonly conditions: Readonly<Record<string, string>>;
    readonly labels: Readonly<Record<string, string>>;
    readonly action: string;
  };
}

export interface NvidiaSmiAnswers {
  readonly rows: readonly Readonly<Record<string, string>>[];
  readonly cudaVersion?: string;
  readonly unknownFields?: readonly string[];
  readonly unknownQueries?: readonly string[];
  readonly exitCode?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly missing?: boolean;
  readonly stuck?: boolean;
}

/** Names of all machines. */
export const GPU_MACHINES: readonly string[] = globSync("*.json", { cwd: folder })
  .toSorted()
  .map((name) => name.replace(".json", ""));

export function readGpuMachine(name: string): GpuMachine {
  return JSON.parse(readFileSync(`${folder}${name}.json`, "utf8")) as GpuMachine;
}

/** Makes a host that machine. */
export function becomeGpuMachine(
  host: MemoryHost,
  { architecture, pci, files, processes, nvidiaSmi, kernelLog }: GpuMachine,
): void {
  for (const [busId, { vendor, class: type }] of Object.entries(pci)) {
    host.files.put(`/sys/bus/pci/devices/${busId}/vendor`, `${vendor}\n`);
    host.files.put(`/sys/bus/pci/devices/${busId}/class`, `${type}\n`);
  }
  host.files.put(
    "/proc/bus/pci/devices",
    Object.entries(pci)
      .map(([busId, { vendor }]) => toTableLine(busId, vendor))
      .join(""),
  );
  for (const [path, content] of Object.entries(files)) host.files.put(path, content);
  for (const name of processes ?? []) host.processes.start({ name });
  host.files.put("/proc/sys/kernel/random/boot_id", "b0000000-0000-4000-8000-000000000001\n");
  if (architecture !== undefined) host.system = { ...host.system, architecture };
  if (nvidiaSmi.stuck === true) host.unkillable.add("nvidia-smi");
  else host.unkillable.delete("nvidia-smi");
  if (nvidiaSmi.missing !== true) host.install("nvidia-smi", (args) => answer(nvidiaSmi, args));
  host.install("dmesg", () => ({ stdout: (kernelLog ?? []).map((line) => `${line}\n`).join("") }));
}

/** A line of /proc/bus/pci/devices, as far as somebody reads it. */
export function toTableLine(busId: string, vendor: string): string {
  const [, bus = "", device = "", number = ""] = /:(..):(..)\.(.)$/.exec(busId) ?? [];
  const devfn = (Number.parseInt(device, 16) << 3) | Number(number);
  return `${bus}${devfn.toString(16).padStart(2, "0")}\t${vendor.slice(2)}1234\t10\n`;
}

/** What nvidia-smi prints there. It stands alone, so that a program in a sandbox's machine can be made of it. */
export function answer(
  smi: NvidiaSmiAnswers,
  args: readonly string[],
): Partial<RunResult> | Promise<Partial<RunResult>> {
  if (smi.stuck === true) return new Promise(() => undefined);
  const [query = ""] = args;
  if (query === "--query") {
    const head = `==============NVSMI LOG==============\n\nDriver Version                            : ${smi.rows[0]?.driver_version}\n`;
    return { stdout: `${head}CUDA Version                              : ${smi.cudaVersion}\n` };
  }
  const [what = "", list = ""] = query.split("=");
  if (smi.unknownQueries?.includes(what))
    return { exitCode: 1, stdout: `Invalid combination of input arguments: ${what}\n` };
  const fields = list.split(",");
  const unknown = fields.find((field) => smi.unknownFields?.includes(field));
  if (unknown !== undefined) return { exitCode: 2, stdout: `Field "${unknown}" is not a valid field to query.\n\n` };
  const rows = smi.rows.map((row) => `${fields.map((field) => row[field] ?? "[N/A]").join(", ")}\n`);
  const { exitCode = 0, stdout = "", stderr = "" } = smi;
  return { exitCode, stdout: rows.join("") + stdout, stderr };
}
