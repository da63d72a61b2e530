// Kubernetes' own client in the bundle: in a file of its own, and of the client what an administrator's commands use.
import { join } from "node:path";
import type { Plugin } from "esbuild";

/** The file, without its ending: twice as large as all the rest, and an import within one file would be evaluated with it. */
export const KUBERNETES = "eks-satellite-kubernetes";

/** What is made into it: each is imported by the commands that need it, and they share the client. */
const MODULES = ["agent/host/kubernetes-admin.ts", "agent/host/verify/verify-kubernetes.ts"] as const;

/** The file's entry point: a module of no folder, with all that MODULES export. */
export const KUBERNETES_ENTRY = "kubernetes-clients";

/** Makes the entry point. @param top the repository's top */
export function kubernetesEntry(top: string): Plugin {
  return {
    name: KUBERNETES_ENTRY,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^kubernetes-clients$/ }, ({ path }) => ({ path, namespace: KUBERNETES_ENTRY }));
      onLoad({ filter: /./, namespace: KUBERNETES_ENTRY }, () => ({
        contents: MODULES.map((path) => `export * from "./${path}";\n`).join(""),
        resolveDir: top,
      }));
    },
  };
}

/** Leaves the client out of the daemon's file: it is found beside it. */
export const kubernetesBeside: Plugin = {
  name: "kubernetes-beside",
  setup({ onResolve }) {
    onResolve({ filter: /\/(kubernetes-admin|verify-kubernetes)\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: `./${KUBERNETES}.mjs`, external: true } : undefined,
    );
  },
};

const CLIENT = "@kubernetes/client-node";

/**
 * Its package.json does not say that a module does nothing when it is imported: exec, cp and watch would stay, with all that they
 * import. Its polyfill is for Node 18. Paths are answered here: esbuild's own answer to each of thousands takes ten seconds.
 */
export const usedKubernetes: Plugin = {
  name: "used-kubernetes",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ path, pluginData, ...where }) => {
      if (pluginData === CLIENT) return undefined;
      const { importer, kind, namespace, resolveDir } = where;
      const found = await resolve(path, { importer, kind, namespace, resolveDir, pluginData: CLIENT });
      return { path: found.path, errors: found.errors, sideEffects: false };
    });
    // The client names its modules with their endings.
    onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, importer, resolveDir }) =>
      importer.includes(`/node_modules/${CLIENT}/`) ? { path: join(resolveDir, path), sideEffects: false } : undefined,
    );
  },
};
