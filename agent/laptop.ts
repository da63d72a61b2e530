// The program of the npm package: an administrator's commands, on any computer.
import { openLaptopProgram } from "./commands/program/laptop.ts";
import { createLaptopHost } from "./host/laptop/laptop-host.ts";
import { runProgram } from "./terminal.ts";

process.exitCode = await runProgram({ host: createLaptopHost() }, openLaptopProgram);
