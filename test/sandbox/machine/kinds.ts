// The kinds of machine, and the one place that knows which a sandbox has.
import { addressesOf } from "../addresses.ts";
import type { SandboxFacts } from "../state.ts";
import { baseFolder } from "./base.ts";
import type { Machine } from "./machine.ts";
import { NspawnMachine } from "./nspawn.ts";
import { VirtualMachine } from "./virtual.ts";

/** The machine of a sandbox. */
export function machineOf(
  folder: string,
  facts: Pick<SandboxFacts, "slot" | "machine" | "arch" | "debian" | "network" | "docker">,
): Machine {
  const place = { folder, addresses: addressesOf(facts.slot, facts.network) };
  if (facts.machine === "nspawn") return new NspawnMachine(place);
  return new VirtualMachine(place, baseFolder(facts), facts.arch);
}
