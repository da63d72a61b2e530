// What is kept of systeminformation's answers: named fields alone, each bounded. Serial numbers, UUIDs and asset tags have no name here.
import * as z from "zod";
import { cutText, oneLine, withoutControls } from "../foreign-text.ts";

/** The parts that a child reads, each in one of its own. */
export const HARDWARE_PARTS = ["system", "cpu", "memory", "disks"] as const;
export type HardwarePart = (typeof HARDWARE_PARTS)[number];

const MAX_WORD = 100;
const MAX_ITEMS = 256;
/** What vendors leave in a field that they did not fill. */
const EMPTY =
  /^(?:-|n\/?a|none|unknown|not (?:specified|available|provided)|default string|to be filled by o\.?e\.?m\.?|system .{1,20})?$/i;

const word = z
  .unknown()
  .transform((value) => {
    const text = typeof value === "string" ? cutText(oneLine(withoutControls(value)).trim(), MAX_WORD) : "";
    return EMPTY.test(text) ? undefined : text;
  })
  .optional();
const amount = z
  .unknown()
  .transform((value) => (typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined))
  .optional();
const flag = z
  .unknown()
  .transform((value) => (typeof value === "boolean" ? value : undefined))
  .optional();

function listOf<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (Array.isArray(value) ? value.slice(0, MAX_ITEMS) : value), z.array(item));
}

const systemSchema = z.object({
  system: z.object({ manufacturer: word, model: word, version: word, virtual: flag, virtualHost: word }),
  board: z.object({ manufacturer: word, model: word, version: word, memSlots: amount }),
  bios: z.object({ vendor: word, version: word, releaseDate: word }),
});
const cpuSchema = z.object({
  ...{ manufacturer: word, brand: word, socket: word, virtualization: flag },
  ...{ processors: amount, physicalCores: amount, cores: amount, speedMax: amount },
});
const memorySchema = listOf(
  z.object({
    ...{ bank: word, type: word, formFactor: word, manufacturer: word, partNum: word, ecc: flag },
    ...{ size: amount, clockSpeed: amount },
  }),
);
const disksSchema = listOf(
  z.object({ name: word, physical: word, model: word, protocol: word, removable: flag, size: amount }),
);

/** What is kept of each part. Sizes are bytes, speeds those of the library: GHz of a processor, MHz of memory. */
export const PART_SCHEMAS = {
  system: systemSchema,
  cpu: cpuSchema,
  memory: memorySchema,
  disks: disksSchema,
} as const satisfies Readonly<Record<HardwarePart, z.ZodType>>;

export type Hardware = { readonly [P in HardwarePart]?: z.infer<(typeof PART_SCHEMAS)[P]> | undefined };
