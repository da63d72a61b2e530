// A sandbox's machine with GPUs that are none: what the kernel shows is bound over, nvidia-smi and dmesg answer from a fixture.
import { readFile } from "node:fs/promises";
import { answer, type GpuMachine, toTableLine } from "../fakes/gpu-machine.ts";
import { buildDevicePlugin } from "../sandbox/go-builds.ts";
import { Progress } from "../sandbox/step.ts";
import type { Satellite } from "./satellite.ts";

const FOLDER = "/var/lib/gpu-stand-in";
/** What dmesg shows in the machine. */
export const KERNEL_LOG = `${FOLDER}/kernel.log`;
const SMI_RECORD = "/var/log/nvidia-smi.record";
/** What nvidia-container-runtime was asked, a line each. */
export const RUNTIME_RECORD = "/var/log/nvidia-container-runtime.record";

/** Before the daemon at each boot, as a driver's modules are; the kernel's log begins anew with each boot, too. */
const UNIT = `[Unit]
Before=eks-satellite.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -ec ': > ${KERNEL_LOG}; mount --bind ${FOLDER}/pci /sys/bus/pci/devices; mount --bind ${FOLDER}/pci-table /proc/bus/pci/devices; mount --bind ${FOLDER}/driver /proc/driver; cp -a ${FOLDER}/dev/. /dev/'
[Install]
WantedBy=multi-user.target
`;

/** kubelet may be later, and comes back when it is another one. */
const pluginUnit = (ids: readonly string[]) => `[Service]
ExecStart=/usr/local/bin/device-plugin --ids=${ids.join(",")}
Restart=always
[Install]
WantedBy=multi-user.target
`;

const DMESG = `#!/bin/sh
case "$*" in *--follow*) exec tail --lines=+1 --follow=name --retry ${KERNEL_LOG} 2>/dev/null ;; esac
exec cat ${KERNEL_LOG}
`;

const NVIDIA_SMI = `#!/opt/eks-satellite/bin/node
const { appendFileSync, readFileSync } = require("node:fs");
appendFileSync("${SMI_RECORD}", process.argv[2] + "\\n");
${answer.toString()}
const { nvidiaSmi } = JSON.parse(readFileSync("${FOLDER}/machine.json", "utf8"));
const { exitCode = 0, stdout = "", stderr = "" } = answer(nvidiaSmi, process.argv.slice(2));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
`;

const RUNTIME = `#!/bin/sh
echo "$*" >> ${RUNTIME_RECORD}
exec runc "$@"
`;

/** Stands GPUs into the machine, and restarts the daemon with them there. The device plugin offers these ids. */
export async function standInGpus(satellite: Satellite, machine: GpuMachine, ids: readonly string[]): Promise<void> {
  const host = satellite.sandbox.machine;
  const files = new Map<string, string>([
    [`${FOLDER}/machine.json`, JSON.stringify(machine)],
    [
      `${FOLDER}/pci-table`,
      Object.entries(machine.pci)
        .map(([busId, { vendor }]) => toTableLine(busId, vendor))
        .join(""),
    ],
    ...Object.entries(machine.pci).flatMap(([busId, { vendor, class: type }]) => [
      [`${FOLDER}/pci/${busId}/vendor`, `${vendor}\n`] as const,
      [`${FOLDER}/pci/${busId}/class`, `${type}\n`] as const,
    ]),
    ...Object.entries(machine.files).map(([path, text]) => [toStandIn(path), text] as const),
    ["/etc/systemd/system/gpu-stand-in.service", UNIT],
    ["/etc/systemd/system/device-plugin.service", pluginUnit(ids)],
  ]);
  const programs = new Map([
    ["/usr/local/sbin/dmesg", DMESG],
    ["/usr/bin/nvidia-smi", NVIDIA_SMI],
    ["/usr/bin/nvidia-container-runtime", RUNTIME],
  ]);
  const folders = [...files.keys()].map((path) => path.slice(0, path.lastIndexOf("/")));
  await satellite.box("mkdir", "-p", ...new Set(folders), `${FOLDER}/dev`);
  for (const [path, content] of files) await host.write(path, content);
  for (const [path, content] of programs) await host.write(path, content, 0o755);
  const plugin = await buildDevicePlugin(new Progress());
  await host.write("/usr/local/bin/device-plugin", await readFile(plugin), 0o755);
  await satellite.box("systemctl", "daemon-reload");
  await satellite.box("systemctl", "enable", "--quiet", "--now", "gpu-stand-in", "device-plugin");
  await satellite.systemctl("restart");
}

/** The kernel logs a line. */
export async function logKernelLine(satellite: Satellite, line: string): Promise<void> {
  await satellite.box("/bin/sh", "-c", `echo '${line}' >> ${KERNEL_LOG}`);
}

/** What nvidia-smi was asked so far, by its first argument. */
export async function readSmiRecord(satellite: Satellite): Promise<readonly string[]> {
  return (await readRecord(satellite, SMI_RECORD)).split("\n").slice(0, -1);
}

/** What the runtime was asked so far. */
export function readRuntimeRecord(satellite: Satellite): Promise<string> {
  return readRecord(satellite, RUNTIME_RECORD);
}

async function readRecord(satellite: Satellite, path: string): Promise<string> {
  return (await satellite.sandbox.machine.read(path))?.toString() ?? "";
}

/** /proc/driver is bound as a whole; below /dev the files are copied. */
function toStandIn(path: string): string {
  if (path.startsWith("/proc/driver/")) return path.replace("/proc/driver", `${FOLDER}/driver`);
  if (path.startsWith("/dev/")) return path.replace("/dev", `${FOLDER}/dev`);
  throw new Error(`the fixture has ${path}, which nothing is bound over`);
}
