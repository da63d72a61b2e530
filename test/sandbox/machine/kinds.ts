// The kinds of machine, and the one place that knows which a sandbox has.
import { addressesOf } from "../addresses.ts";
import type { SandboxFacts } from "../state.ts";
import type { Machine } from "./machine.ts";
import { NspawnMachine } from "./nspawn.ts";

/** The machine of a sandbox. */
export function machineOf(folder: string, { slot }: Pick<SandboxFacts, "slot">): Machine {
  return new NspawnMachine({ folder, addresses: addressesOf(slot) });
}
