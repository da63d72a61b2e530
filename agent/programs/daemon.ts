// `eks-satellite run`, the daemon. main.ts starts it.
import { createProgram } from "../commands/program.ts";
import { register as registerRun } from "../commands/run.ts";
import { runProgram } from "../terminal.ts";
import { openThisMachine } from "./this-machine.ts";

process.exitCode = await runProgram(openThisMachine(), (context) => createProgram(context, [registerRun]));
