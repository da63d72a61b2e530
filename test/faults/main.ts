// Breaks a node in every way of faults.ts, one after the other, and prints a table of what it reported and how long that took.
import { Command } from "commander";
import { bringUp } from "../e2e/satellite.ts";
import { createFaults } from "./faults.ts";
import { createMachineFaults } from "./machine-faults.ts";
import { measureFault, type Observation } from "./measure.ts";
import { renderTable } from "./table.ts";

const program = new Command("faults")
  .description("break the node of a sandbox in every known way, and print what it said of each and how soon")
  .argument("[words...]", "only the faults whose name has one of these words");
program.parse();

const chosen = [...createFaults(), ...createMachineFaults()].filter(
  ({ name }) => program.args.length === 0 || program.args.some((word) => name.includes(word)),
);
const satellite = await bringUp("faults-sandbox");
await satellite.restore();
const observations: Observation[] = [];
try {
  for (const fault of chosen) {
    const observation = await measureFault(satellite, fault);
    observations.push(observation);
    process.stderr.write(
      `${observation.problems.length === 0 ? "✓" : "✗"} ${fault.name}${observation.problems.map((problem) => `\n    ${problem}`).join("")}\n`,
    );
    await satellite.restore();
  }
} finally {
  process.stdout.write(renderTable(observations));
}
if (observations.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
