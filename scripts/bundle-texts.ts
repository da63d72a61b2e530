// The texts of `eks-satellite explain` in the bundle: in a file of their own, since the daemon holds all of its file.
import type { Plugin } from "esbuild";

/** The file, without its ending. */
export const EXPLANATIONS = "eks-satellite-explain";

/** Leaves the texts out of the daemon's file: they are found beside it. */
export const explanationsBeside: Plugin = {
  name: "explanations-beside",
  setup({ onResolve }) {
    onResolve({ filter: /\/explain\/texts\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: `./${EXPLANATIONS}.mjs`, external: true } : undefined,
    );
  },
};
