// Describes what a CDI specification of the GPUs names: driver, GPUs, MIG instances, device nodes and their numbers.
import type { GpuFacts } from "../facts/gpu.ts";
import type { Host } from "../host/host.ts";

/** A folder for each GPU, with one for each MIG instance in it (NVIDIA's MIG user guide, "Device Nodes and Capabilities"). */
const CAPABILITIES = "/proc/driver/nvidia/capabilities";

/**
 * Describes the devices in one text, which changes whenever an existing specification is out of date. The first CUDA program
 * loads nvidia-uvm, which gets a new device number each time; MIG instances come and go without the driver.
 */
export async function describeNvidiaDevices(
  host: Host,
  { driverVersion, busIds, driven }: GpuFacts,
): Promise<string | undefined> {
  if (driverVersion === undefined) return undefined;
  const [devices, nodes, instances] = await Promise.all([
    host.files.read("/proc/devices"),
    host.files.list("/dev"),
    listMigInstances(host),
  ]);
  return JSON.stringify({
    driverVersion,
    busIds,
    uuids: driven.map(({ uuid }) => uuid ?? null),
    nodes: nodes.filter((name) => name.startsWith("nvidia")).toSorted(),
    numbers: [...(devices ?? "").matchAll(/^ *(\d+ nvidia\S*)$/gm)].map(([, line]) => line),
    instances,
  });
}

async function listMigInstances({ files }: Host): Promise<readonly string[]> {
  const below = async (folders: readonly string[], named: RegExp): Promise<readonly string[]> => {
    const found = await Promise.all(
      folders.map(async (folder) =>
        (await files.list(folder)).filter((name) => named.test(name)).map((name) => `${folder}/${name}`),
      ),
    );
    return found.flat().toSorted();
  };
  const gpus = await below([CAPABILITIES], /^gpu\d+$/);
  const slices = await below(
    gpus.map((gpu) => `${gpu}/mig`),
    /^gi\d+$/,
  );
  return below(slices, /^ci\d+$/);
}
