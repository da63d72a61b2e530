// Kubernetes' own client in the bundle: in a file of its own, and of the client what an administrator's commands use.
import type { Plugin } from "esbuild";

/** The file, without its ending: twice as large as all the rest, and an import within one file would be evaluated with it. */
export const KUBERNETES = "eks-satellite-kubernetes";

/** Leaves the client out of the daemon's file: it is found beside it. */
export const kubernetesBeside: Plugin = {
  name: "kubernetes-beside",
  setup({ onResolve }) {
    onResolve({ filter: /\/kubernetes-admin\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: `./${KUBERNETES}.mjs`, external: true } : undefined,
    );
  },
};

const CLIENT = "@kubernetes/client-node";
/** Set for a path that this plugin is resolving. */
const RESOLVING = Symbol(CLIENT);

/** Its package.json does not say that a module does nothing when it is imported: exec, cp and watch would stay, with all that they import. Its polyfill is for Node 18. */
export const usedKubernetes: Plugin = {
  name: "used-kubernetes",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@kubernetes\/client-node$|^\.\.?\// }, async ({ path, pluginData, ...where }) => {
      const isOfClient = path === CLIENT || where.importer.includes(`/node_modules/${CLIENT}/`);
      if (pluginData === RESOLVING || !isOfClient) return undefined;
      const { importer, kind, namespace, resolveDir } = where;
      const found = await resolve(path, { importer, kind, namespace, resolveDir, pluginData: RESOLVING });
      return { path: found.path, errors: found.errors, sideEffects: false };
    });
  },
};
