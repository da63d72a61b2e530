// The program of a node's machine: its commands, and an administrator's.
import { openProgram } from "./commands/program/open.ts";
import { createLinuxHost } from "./host/linux-host.ts";
import { createLogOutput, type LogOutput, openJournal } from "./host/log-output.ts";
import { outliveReaders, runProgram } from "./terminal.ts";

const UNIT = "eks-satellite.service";

/** The daemon outlives its log: kubelet ends with it. */
function openLog(): LogOutput {
  outliveReaders();
  const isJournal = process.env.JOURNAL_STREAM !== undefined;
  return createLogOutput({ stream: process.stdout, reopen: isJournal ? () => openJournal(UNIT) : undefined });
}

/** Starts this program again. */
const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ""];

process.exitCode = await runProgram({ host: createLinuxHost(), openLog, program }, openProgram);
