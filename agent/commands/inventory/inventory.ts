// `eks-satellite inventory`: what hardware this machine has. Changes nothing, and asks the machine alone.
import { type Command, Option } from "commander";
import { withoutControls } from "../../foreign-text.ts";
import type { Host } from "../../host/host.ts";
import { HARDWARE_PARTS, type HardwarePart, PART_SCHEMAS } from "../../inventory/parts.ts";
import { readInventory } from "../../inventory/read-inventory.ts";
import { renderInventory } from "../../inventory/render.ts";
import type { CommandContext, Print } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";

export interface InventoryOptions {
  readonly output: OutputFormat;
  /** Read one part in this process, as JSON. */
  readonly part?: HardwarePart;
}

/** With time for a machine with many disks: people wait for it, and see what is missing. */
const TIMEOUT_SECONDS = 20;

/** Adds `inventory`. */
export function register(program: Command, { host, program: self, print, exitNow }: CommandContext): void {
  program
    .command("inventory")
    .description("show this machine's hardware, without serial numbers and addresses; as root it shows more")
    .addOption(outputOption())
    .addOption(new Option("--part <part>", "read one part in this process").choices(HARDWARE_PARTS).hideHelp())
    .action(async (options: InventoryOptions) => {
      await inventoryCommand({ host, program: self }, options, print);
      await exitNow(0);
    });
}

/** Prints the inventory, or one part of it. */
export async function inventoryCommand(
  { host, program }: { readonly host: Host; readonly program: readonly string[] },
  { output, part }: InventoryOptions,
  print: Print,
): Promise<void> {
  if (part !== undefined) return print(`${JSON.stringify(await readOwnPart(part))}\n`);
  const inventory = await readInventory({ host, program, timeoutSeconds: TIMEOUT_SECONDS });
  print(
    output === "json" ? withoutControls(`${JSON.stringify(inventory, undefined, 2)}\n`) : renderInventory(inventory),
  );
}

/** The library is not in the program's own file: the daemon would hold it. */
async function readOwnPart(part: HardwarePart): Promise<unknown> {
  const { readHardware } = await import("../../host/hardware/hardware.ts");
  return PART_SCHEMAS[part].parse(await readHardware(part));
}
