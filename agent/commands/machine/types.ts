// `eks-satellite machine types`: what can be rented, where, and for how much.
import type { Command } from "commander";
import type { LambdaApi, MachineOffer } from "../../admin/lambda/api.ts";
import { unknownName } from "../../admin/lambda/errors.ts";
import { renderTable } from "../../table.ts";
import type { LaptopContext, Print } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";
import { type LambdaOptions, lambdaKeyOption, openLambda } from "./options.ts";
import { cell, renderDollars, renderGpus } from "./output.ts";

/** Exit codes: 0 there is capacity, 4 there is none of what was asked for. */
export const TYPES_EXIT = { some: 0, none: 4 } as const;

export interface TypesOptions extends LambdaOptions {
  readonly gpu?: string;
  readonly all: boolean;
  readonly output: OutputFormat;
}

export interface TypesContext {
  readonly lambda: () => Promise<Pick<LambdaApi, "listTypes">>;
}

/** Adds `machine types`. */
export function registerTypes(machine: Command, context: LaptopContext): void {
  machine
    .command("types")
    .description(
      "list the types of machines, with their price and the regions that have some now; exit 0 some, 1 error, 4 no capacity",
    )
    .option("--gpu <word>", "only types with this word in the name or the GPU, such as a10")
    .option("--all", "those without capacity too", false)
    .addOption(lambdaKeyOption())
    .addOption(outputOption())
    .action(async (options: TypesOptions) => {
      const { print, exitWith } = context;
      exitWith(await typesCommand({ lambda: () => openLambda(context, options) }, options, print));
    });
}

/** Prints the types, the cheapest first; returns the exit code. @throws lambda-not-found, lambda-key-missing, … */
export async function typesCommand(
  { lambda }: TypesContext,
  { gpu, all, output }: TypesOptions,
  print: Print,
): Promise<number> {
  const offers = await (await lambda()).listTypes();
  const matching = offers.filter((offer) => gpu === undefined || hasWord(offer, gpu));
  if (matching.length === 0 && gpu !== undefined) throw unknownName("type of machine with", gpu, offers.map(gpuOf));
  const withCapacity = matching.filter(({ regions }) => regions.length > 0);
  const shown = (all ? matching : withCapacity).toSorted((one, other) => one.centsPerHour - other.centsPerHour);
  if (output === "json") print(`${JSON.stringify({ types: shown }, undefined, 2)}\n`);
  else print(renderOffers(shown, matching.length - withCapacity.length, all));
  return withCapacity.length > 0 ? TYPES_EXIT.some : TYPES_EXIT.none;
}

function hasWord({ name, gpuDescription = "" }: MachineOffer, word: string): boolean {
  return `${name} ${gpuDescription}`.toLowerCase().includes(word.toLowerCase());
}

/** The word by which a user looks for it: a10 of gpu_1x_a10. */
function gpuOf({ name }: MachineOffer): string {
  return name.replace(/^(?:gpu|cpu)_\d{1,3}x_/, "");
}

function renderOffers(offers: readonly MachineOffer[], without: number, isAll: boolean): string {
  const rows = offers.map((offer) => [
    cell(offer.name),
    renderGpus(offer),
    String(offer.vcpus),
    `${offer.memoryGib} GiB`,
    `${offer.storageGib} GiB`,
    renderDollars(offer.centsPerHour),
    offer.regions.map(({ name }) => cell(name)).join(" ") || "none now",
  ]);
  const heading = ["TYPE", "GPUS", "VCPU", "MEMORY", "DISK", "USD/h", "REGIONS"];
  const hidden = isAll || without === 0 ? "" : `${without} more without capacity now: --all shows them\n`;
  return (rows.length === 0 ? "" : renderTable([heading, ...rows])) + hidden;
}
