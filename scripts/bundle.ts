// The bundle: everything that the daemon needs but Node itself, in one file.
import { stat } from "node:fs/promises";
import { build, type Plugin } from "esbuild";

const OUTPUT = "dist/eks-satellite.mjs";

/**
 * An `import` of node:http evaluates all of its exports, and with them those that load Node's own fetch and WebSocket:
 * 8 MB of memory for something that the daemon never calls. A require does not.
 */
const lazyHttp: Plugin = {
  name: "lazy-http",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, () => ({ path: "node:http", namespace: "lazy-http" }));
    onLoad({ filter: /./, namespace: "lazy-http" }, () => ({
      contents: 'module.exports = process.getBuiltinModule("node:http");',
    }));
  },
};

await build({
  entryPoints: ["agent/main.ts"],
  outfile: OUTPUT,
  bundle: true,
  minify: true,
  sourcemap: true,
  // Sources are in the repository; the map carries positions and names for stack traces.
  sourcesContent: false,
  legalComments: "external",
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  logLevel: "warning",
  plugins: [lazyHttp],
  // Some dependencies are CommonJS and require Node's own modules.
  banner: {
    js: 'import { createRequire as _createRequire } from "node:module"; const require = _createRequire(import.meta.url);',
  },
});

const { size } = await stat(OUTPUT);
console.log(`${OUTPUT}: ${(size / 1e6).toFixed(2)} MB`);
