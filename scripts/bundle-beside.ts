// What lies in files of its own, since a process holds all of a file that it loads: the daemon, the commands of a node's machine, those
// of an administrator, the texts of `explain`, and the library that reads the hardware.
import type { Plugin } from "esbuild";
import { KUBERNETES } from "./bundle-kubernetes.ts";

/** The daemon: the file, without its ending. Each of these files has its own copy of what others have too. */
export const DAEMON = "eks-satellite-daemon";
/** Every other command, but an administrator's. */
export const COMMANDS = "eks-satellite-commands";
/** An administrator's commands. */
export const ADMINISTRATOR = "eks-satellite-admin";
/** The texts of `eks-satellite explain`. */
export const EXPLANATIONS = "eks-satellite-explain";

/** systeminformation, which the child of `eks-satellite inventory` alone loads. */
export const HARDWARE = "eks-satellite-hardware";

/** The program's files on a node's machine, without their endings: the first one is started. */
export const PROGRAM_FILES = ["eks-satellite", DAEMON, COMMANDS, ADMINISTRATOR, HARDWARE, KUBERNETES, EXPLANATIONS];

/** Leaves out a module that is imported when it is needed: it is found in its file. */
function beside(name: string, filter: RegExp): Plugin {
  return {
    name: `${name}-beside`,
    setup({ onResolve }) {
      onResolve({ filter }, ({ kind }) =>
        kind === "dynamic-import" ? { path: `./${name}.mjs`, external: true } : undefined,
      );
    },
  };
}

export const daemonBeside = beside(DAEMON, /\/programs\/daemon\.ts$/);
export const commandsBeside = beside(COMMANDS, /\/programs\/commands\.ts$/);
export const administratorBeside = beside(ADMINISTRATOR, /\/administrator\.ts$/);
export const hardwareBeside = beside(HARDWARE, /\/hardware\/hardware\.ts$/);
export const explanationsBeside = beside(EXPLANATIONS, /\/explain\/texts\.ts$/);
