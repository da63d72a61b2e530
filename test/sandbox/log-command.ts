// `sandbox logs`: the log file of one of the sandbox's daemons, or the journal of a unit in the machine.
import { execa } from "execa";
import { clean } from "./environment.ts";
import { logPath, recordedDaemons } from "./process.ts";
import type { Sandbox } from "./sandbox.ts";

const units = ["eks-satellite", "containerd", "hand-kubelet"];

/** Shows a component's log on the terminal; returns an exit code. */
export async function showLog(sandbox: Sandbox, component: string | undefined, follow: boolean): Promise<number> {
  const daemons = await recordedDaemons(sandbox.folder);
  if (component === undefined) {
    process.stdout.write(`${[...daemons.sort(), ...units].join("\n")}\n`);
    return 0;
  }
  if (daemons.includes(component)) {
    const args = ["--lines=200", ...(follow ? ["--follow"] : []), logPath(sandbox.folder, component)];
    return (await execa("tail", args, { ...clean(), stdio: "inherit", reject: false })).exitCode ?? 1;
  }
  const journal = ["journalctl", "--no-pager", "--lines=200", ...(follow ? ["--follow"] : []), `--unit=${component}`];
  return (await sandbox.box(journal, { interactive: true, mayFail: true })).exitCode;
}
