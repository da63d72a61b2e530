// What lies in files beside the daemon's, since the daemon holds all of its own: an administrator's commands, the texts of
// `explain`, and the library that reads the hardware.
import type { Plugin } from "esbuild";

/** An administrator's commands: the file, without its ending. It has its own copy of what the daemon's file has too. */
export const ADMINISTRATOR = "eks-satellite-admin";
/** The texts of `eks-satellite explain`. */
export const EXPLANATIONS = "eks-satellite-explain";

/** systeminformation, which the child of `eks-satellite inventory` alone loads. */
export const HARDWARE = "eks-satellite-hardware";

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

export const administratorBeside = beside(ADMINISTRATOR, /\/administrator\.ts$/);
export const hardwareBeside = beside(HARDWARE, /\/hardware\/hardware\.ts$/);
export const explanationsBeside = beside(EXPLANATIONS, /\/explain\/texts\.ts$/);
