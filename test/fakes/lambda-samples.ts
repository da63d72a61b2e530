// What Lambda Cloud has in tests: types, regions and images, with the price and size of its own example.
import type { MachineImage, MachineOffer } from "../../agent/admin/lambda/api.ts";

/** One A10 of the price in Lambda's own example. */
export const A10: MachineOffer = {
  name: "gpu_1x_a10",
  description: "1x A10 (24 GB PCIe)",
  gpuDescription: "A10 (24 GB PCIe)",
  centsPerHour: 75,
  vcpus: 30,
  memoryGib: 200,
  storageGib: 1400,
  gpus: 1,
  regions: [{ name: "us-west-1", description: "California, USA" }],
};

/** The second has no capacity anywhere. */
export const OFFERS: readonly MachineOffer[] = [
  A10,
  {
    ...A10,
    name: "gpu_8x_h100_sxm5",
    description: "8x H100 (80 GB SXM5)",
    gpuDescription: "H100 (80 GB SXM5)",
    centsPerHour: 2392,
    gpus: 8,
    regions: [],
  },
];

/** Two families in two regions. */
export const IMAGES: readonly MachineImage[] = ["us-west-1", "us-east-1"].flatMap((region) =>
  ["lambda-stack-22-04", "lambda-stack-24-04"].map((family) => ({
    id: `${family}-${region}`,
    name: family,
    family,
    version: "1.0.0",
    architecture: "x86_64",
    region,
  })),
);
