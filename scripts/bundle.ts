// The bundle: everything that the daemon needs but Node itself, in one file.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile, type OutputFile, type Plugin } from "esbuild";
import { SatelliteError } from "../agent/errors.ts";
import { usedCalls } from "./bundle-aws.ts";

const TOP = join(import.meta.dirname, "..");
/** Made there even when it is installed elsewhere: the map's paths depend on it. */
const OUTPUT = "dist/eks-satellite.mjs";

/** What esbuild makes of agent/: contents, not yet written anywhere. */
export interface Bundle {
  /** Contents of `eks-satellite.mjs`. */
  readonly code: Uint8Array;
  /** Contents of `eks-satellite.mjs.map`; its paths are relative to a folder right below the repository's top. */
  readonly map: Uint8Array;
  /** Comments in the bundled sources that a licence asks to keep. */
  readonly legalComments: string;
  /** What went in, by path relative to the repository's top. */
  readonly metafile: Metafile;
}

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

/** agent/version.ts reads the version from package.json: this leaves the rest of that file out, and may give another version. */
function versionAlone(version: string | undefined): Plugin {
  const manifest = join(TOP, "package.json");
  return {
    name: "version-alone",
    setup({ onLoad }) {
      onLoad({ filter: /\/package\.json$/ }, async ({ path }) => {
        if (path !== manifest) return undefined;
        const ours = version ?? JSON.parse(await readFile(manifest, "utf8")).version;
        return { contents: JSON.stringify({ version: ours }), loader: "json" };
      });
    },
  };
}

/**
 * Bundles agent/main.ts; the same sources give the same bytes, wherever the repository and its packages lie.
 * @param version what agent/version.ts says in the bundle; package.json's own when left out
 * @throws esbuild's BuildFailure
 */
export async function makeBundle(version?: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: TOP,
    entryPoints: ["agent/main.ts"],
    outfile: OUTPUT,
    write: false,
    metafile: true,
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
    // Else a node_modules that is a link would put its target's path into the map.
    preserveSymlinks: true,
    logLevel: "warning",
    plugins: [lazyHttp, usedCalls, versionAlone(version)],
    // The first line is for `bin` of package.json. Some dependencies are CommonJS and require Node's own modules.
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as _createRequire } from "node:module"; const require = _createRequire(import.meta.url);',
    },
  });
  return {
    code: output(outputFiles, ".mjs").contents,
    map: output(outputFiles, ".mjs.map").contents,
    legalComments: output(outputFiles, ".LEGAL.txt").text,
    metafile,
  };
}

function output(files: readonly OutputFile[], ending: string): OutputFile {
  const found = files.find(({ path }) => path.endsWith(ending));
  if (found === undefined) throw new SatelliteError("bundle-incomplete", `esbuild made no file that ends in ${ending}`);
  return found;
}

if (import.meta.main) {
  const { code, map, legalComments } = await makeBundle();
  await mkdir(join(TOP, "dist"), { recursive: true });
  await writeFile(join(TOP, OUTPUT), code, { mode: 0o755 });
  await writeFile(join(TOP, `${OUTPUT}.map`), map);
  await writeFile(join(TOP, `${OUTPUT}.LEGAL.txt`), legalComments);
  console.log(`${OUTPUT}: ${(code.length / 1e6).toFixed(2)} MB`);
}
