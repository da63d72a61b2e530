// What commands get of the machine that they run on.
import type { CommandContext } from "../commands/context.ts";
import { createLinuxHost } from "../host/linux-host.ts";
import { createLogOutput, type LogOutput, openJournal } from "../host/log-output.ts";
import { outliveReaders } from "../terminal.ts";

const UNIT = "eks-satellite.service";

/** Opens it, for a program of this process. */
export function openThisMachine(): Pick<CommandContext, "host" | "openLog" | "program"> {
  // Starts this program again.
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ""];
  return { host: createLinuxHost(), openLog, program };
}

/** The daemon outlives its log: kubelet ends with it. */
function openLog(): LogOutput {
  outliveReaders();
  const isJournal = process.env.JOURNAL_STREAM !== undefined;
  return createLogOutput({ stream: process.stdout, reopen: isJournal ? () => openJournal(UNIT) : undefined });
}
