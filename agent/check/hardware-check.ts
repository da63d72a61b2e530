// The machine's hardware in one line: what a report of a fault begins with, and by which machines that should be alike are compared.
import { readInventory } from "../inventory/read-inventory.ts";
import { renderOverview } from "../inventory/render.ts";
import { type Check, ok, unknown } from "./check.ts";

export const HARDWARE_CHECK: Check = {
  name: "hardware",
  checks: "the machine's hardware can be read; it is shown, and nothing is judged",
  run: async ({ host, program }) => {
    if (program === undefined) return unknown("this program cannot be started again to read it");
    const inventory = await readInventory({ host, program });
    const overview = renderOverview(inventory);
    const missing = inventory.problems.map(({ part, message }) => `${part} (${message})`).join(", ");
    const evidence = [overview, missing === "" ? "" : `not known: ${missing}`]
      .filter((words) => words !== "")
      .join("; ");
    const isKnown = inventory.system !== undefined || inventory.cpu !== undefined;
    return !isKnown ? unknown(evidence, "sudo eks-satellite inventory.") : ok(evidence);
  },
};
