// What the watch of GPUs costs by itself: a round without nvidia-smi, and the kernel's log while nothing is logged.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ConditionBoard } from "../../agent/board/conditions.ts";
import { GpuWatch } from "../../agent/gpu/gpu-watch.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { followKernelLog } from "../../agent/xid/kernel-log.ts";
import { KERNEL_TOKENS } from "../../agent/xid/xid.ts";
import { answer, type GpuMachine, readGpuMachine, toTableLine } from "../fakes/gpu-machine.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

/** As on the machines with eight GPUs: bridges, network, disks. */
const OTHER_DEVICES = 256;
const WATCH_SECONDS = 10;

/** Durations of rounds on a recorded machine, its files real and its nvidia-smi answering at once, in milliseconds. */
export async function measureGpuRounds(name: string, runs: number): Promise<readonly number[]> {
  const machine = readGpuMachine(name);
  const root = await mkdtemp(join(tmpdir(), "gpu-round-"));
  const stop = new AbortController();
  try {
    await writeMachine(root, machine);
    const real = createLinuxHost();
    const { files } = real;
    const host = {
      ...real,
      files: {
        ...files,
        read: (path: string) => files.read(path.startsWith("/proc/sys/") ? path : root + path),
        list: (path: string) => files.list(root + path),
        status: (path: string) => files.status(root + path),
        readLink: (path: string) => files.readLink(root + path),
        write: (path: string, ...rest: [string, { mode: number }]) => files.write(root + path, ...rest),
      },
      run: async (_command: string, args: readonly string[]) => ({
        ...{ exitCode: 0, stdout: "", stderr: "" },
        ...(await answer(machine.nvidiaSmi, args)),
      }),
      spawn: () => real.spawn("sleep", ["infinity"], { PATH: process.env.PATH ?? "" }),
    };
    const { log } = createMemoryLog();
    const { now, sleep } = host.clock;
    const board = new ConditionBoard({ log, now, sleep: (milliseconds) => sleep(milliseconds, stop.signal) });
    const watch = new GpuWatch({ host, config: sampleConfig(""), board, log, signal: stop.signal });
    await watch.round();
    if (watch.view()?.gpus.length !== machine.expected.devices) throw new Error("the round does not see the GPUs");
    const milliseconds: number[] = [];
    while (milliseconds.length < runs) {
      const startedMs = performance.now();
      await watch.round();
      milliseconds.push(performance.now() - startedMs);
    }
    return milliseconds;
  } finally {
    stop.abort();
    await rm(root, { recursive: true, force: true });
  }
}

async function writeMachine(root: string, { pci, files }: GpuMachine): Promise<void> {
  const others = Array.from({ length: OTHER_DEVICES }, (_, number) => [
    `0000:${(0xf8 + (number >> 5)).toString(16)}:${(number & 31).toString(16).padStart(2, "0")}.0`,
    { vendor: "0x8086", class: "0x060400" },
  ]) as readonly (readonly [string, { readonly vendor: string; readonly class: string }])[];
  const devices = [...Object.entries(pci), ...others];
  const all = [
    ["/proc/bus/pci/devices", devices.map(([busId, { vendor }]) => toTableLine(busId, vendor)).join("")],
    ["/proc/uptime", "5000.00 9000.00\n"],
    ...Object.entries(files),
    ...devices.flatMap(([busId, { vendor, class: type }]) => [
      [`/sys/bus/pci/devices/${busId}/vendor`, `${vendor}\n`],
      [`/sys/bus/pci/devices/${busId}/class`, `${type}\n`],
    ]),
  ] as const;
  for (const [path = "", text = ""] of all) {
    await mkdir(dirname(root + path), { recursive: true });
    await writeFile(root + path, text);
  }
}

/** The share of one core that dmesg takes while it waits for the kernel to log something, in percent. */
export async function measureKernelLogWatch(): Promise<number> {
  const real = createLinuxHost();
  let pid = 0;
  const host = {
    ...real,
    spawn: (...args: Parameters<typeof real.spawn>) => {
      const child = real.spawn(...args);
      pid = child.pid;
      return child;
    },
  };
  const stop = new AbortController();
  const { log } = createMemoryLog();
  const nothing = () => undefined;
  const running = followKernelLog({ host, log, tokens: KERNEL_TOKENS, onLine: nothing, onStart: nothing }, stop.signal);
  // The buffer is read first.
  await delay(2000);
  const before = await cpuNanoseconds(pid);
  await delay(WATCH_SECONDS * 1000);
  const nanoseconds = (await cpuNanoseconds(pid)) - before;
  stop.abort();
  await running;
  return (nanoseconds / 1e9 / WATCH_SECONDS) * 100;
}

async function cpuNanoseconds(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/schedstat`, "utf8")).split(" ")[0]);
}
