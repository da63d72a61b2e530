// What the sandbox's Lambda rents out: names in its manner, and prices and sizes of our own.

export interface Region {
  readonly name: string;
  readonly description: string;
}

export const regions: readonly Region[] = [
  { name: "us-west-1", description: "California, USA" },
  { name: "us-east-1", description: "Virginia, USA" },
  { name: "us-south-1", description: "Texas, USA" },
];

/** Where firewall rules do not apply, by the document: here everything comes in. */
export const unfilteredRegion = "us-south-1";

interface InstanceType {
  readonly name: string;
  readonly description: string;
  readonly gpu_description: string;
  readonly price_cents_per_hour: number;
  readonly specs: {
    readonly vcpus: number;
    readonly memory_gib: number;
    readonly storage_gib: number;
    readonly gpus: number;
  };
}

export const instanceTypes: readonly InstanceType[] = [
  typeOf("gpu_1x_a10", "1x A10 (24 GB PCIe)", 75, [30, 200, 1400, 1]),
  typeOf("gpu_1x_gh200", "1x GH200 (96 GB)", 149, [64, 432, 4096, 1]),
  typeOf("gpu_8x_h100_sxm5", "8x H100 (80 GB SXM5)", 2392, [208, 1800, 22528, 8]),
];

/** Where a machine of each type is to be had at first. */
export const initialCapacity: Readonly<Record<string, readonly string[]>> = {
  gpu_1x_a10: ["us-west-1", "us-south-1"],
  gpu_1x_gh200: ["us-east-1"],
  gpu_8x_h100_sxm5: [],
};

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly family: string;
  readonly version: string;
  readonly architecture: "x86_64" | "arm64";
  readonly created_time: string;
  readonly updated_time: string;
  readonly region: Region;
}

export const images: readonly Image[] = regions.flatMap((region, at) => [
  imageOf(region, `0${at}`, "lambda-stack-22-04", "x86_64"),
  imageOf(region, `1${at}`, "lambda-stack-24-04", "x86_64"),
  imageOf(region, `2${at}`, "lambda-stack-22-04", "arm64"),
]);

function typeOf(name: string, description: string, cents: number, specs: readonly number[]): InstanceType {
  const [vcpus = 0, memory_gib = 0, storage_gib = 0, gpus = 0] = specs;
  const gpu_description = description.replace(/^\d+x /, "");
  return {
    name,
    description,
    gpu_description,
    price_cents_per_hour: cents,
    specs: { vcpus, memory_gib, storage_gib, gpus },
  };
}

function imageOf(region: Region, mark: string, family: string, architecture: Image["architecture"]): Image {
  const time = "2026-05-01T00:00:00.000Z";
  const version = `${family.replace("lambda-stack-", "").replace("-", ".")}.1`;
  const description = `Debian with cloud-init and containerd, under the name of ${family}`;
  const times = { created_time: time, updated_time: time };
  return {
    id: `00000000-0000-4000-8000-0000000000${mark}`,
    name: family,
    description,
    family,
    version,
    architecture,
    ...times,
    region,
  };
}
