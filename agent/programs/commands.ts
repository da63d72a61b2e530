// Every command but the daemon's, an administrator's among them. main.ts starts it.
import { openProgram } from "../commands/program/open.ts";
import { runProgram } from "../terminal.ts";
import { openThisMachine } from "./this-machine.ts";

process.exitCode = await runProgram(openThisMachine(), openProgram);
