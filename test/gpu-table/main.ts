// Prints the table of the GPU machines.
import { observeGpuMachines } from "./observe.ts";
import { renderGpuTable } from "./table.ts";

process.stdout.write(renderGpuTable(await observeGpuMachines()));
