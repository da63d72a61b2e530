// The bundle: a program that loads the daemon's file, which has everything that the daemon needs but Node itself, or that of the other
// commands; and beside them an administrator's commands, Kubernetes' own client for them, and the texts of `explain`.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile, type OutputFile, type Plugin } from "esbuild";
import { SatelliteError } from "../agent/errors.ts";
import { usedCalls } from "./bundle-aws.ts";
import {
  ADMINISTRATOR,
  administratorBeside,
  COMMANDS,
  commandsBeside,
  DAEMON,
  daemonBeside,
  EXPLANATIONS,
  explanationsBeside,
  HARDWARE,
  hardwareBeside,
} from "./bundle-beside.ts";
import {
  KUBERNETES,
  KUBERNETES_ENTRY,
  kubernetesBeside,
  kubernetesEntry,
  usedKubernetes,
} from "./bundle-kubernetes.ts";

const TOP = join(import.meta.dirname, "..");
/** Made there even when it is installed elsewhere: the maps' paths depend on it. */
const FOLDER = "dist";
const BESIDE = { [KUBERNETES]: KUBERNETES_ENTRY, [EXPLANATIONS]: "agent/explain/texts.ts" } as const;

/** One file of the program; all of them lie in one folder. */
export interface BundleFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** What esbuild makes of agent/: contents, not yet written anywhere. */
export interface Bundle {
  /** `eks-satellite.mjs` and its `.map`, then those beside it; the maps' paths are relative to a folder right below the repository's top. */
  readonly files: readonly BundleFile[];
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
 * Bundles the program of a node's machine; the same sources give the same bytes, wherever the repository and its packages lie.
 * @param version what agent/version.ts says in the bundle; package.json's own when left out
 * @throws esbuild's BuildFailure
 */
export function makeBundle(version?: string): Promise<Bundle> {
  const entryPoints = {
    "eks-satellite": "agent/main.ts",
    [DAEMON]: "agent/programs/daemon.ts",
    [COMMANDS]: "agent/programs/commands.ts",
    [ADMINISTRATOR]: "agent/commands/program/administrator.ts",
    [HARDWARE]: "agent/host/hardware/hardware.ts",
    ...BESIDE,
  };
  const beside = [daemonBeside, commandsBeside, administratorBeside, hardwareBeside];
  return bundle(entryPoints, [...beside, versionAlone(version)]);
}

/** Bundles the program of the npm package, of an administrator's commands alone. @throws esbuild's BuildFailure */
export function makeLaptopBundle(version?: string): Promise<Bundle> {
  return bundle({ "eks-satellite": "agent/laptop.ts", ...BESIDE }, [versionAlone(version)]);
}

async function bundle(entryPoints: Readonly<Record<string, string>>, plugins: readonly Plugin[]): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: TOP,
    entryPoints,
    outdir: FOLDER,
    outExtension: { ".js": ".mjs" },
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
    plugins: [
      lazyHttp,
      usedCalls,
      kubernetesEntry(TOP),
      kubernetesBeside,
      usedKubernetes,
      explanationsBeside,
      ...plugins,
    ],
    // The first line is for `bin` of package.json. Some dependencies are CommonJS and require Node's own modules.
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as _createRequire } from "node:module"; const require = _createRequire(import.meta.url);',
    },
  });
  const files = Object.keys(entryPoints).flatMap((name) =>
    [`${name}.mjs`, `${name}.mjs.map`].map((file) => ({ name: file, content: output(outputFiles, file).contents })),
  );
  // A file whose sources have no such comment has none.
  const legalComments = outputFiles.filter(({ path }) => path.endsWith(".LEGAL.txt")).map(({ text }) => text);
  return { files, legalComments: legalComments.join("\n"), metafile };
}

function output(files: readonly OutputFile[], name: string): OutputFile {
  const found = files.find(({ path }) => path.endsWith(`/${name}`));
  if (found === undefined) throw new SatelliteError("bundle-incomplete", `esbuild made no ${name}`);
  return found;
}

/** A reader of the file, such as a test that runs at the same time, finds all of it: Node exits with 0 on an empty program. */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, content, { mode });
  await rename(partial, path);
}

if (import.meta.main) {
  const { files, legalComments } = await makeBundle();
  await mkdir(join(TOP, FOLDER), { recursive: true });
  await writeWhole(join(TOP, FOLDER, "eks-satellite.mjs.LEGAL.txt"), legalComments);
  for (const { name, content } of files) {
    await writeWhole(join(TOP, FOLDER, name), content, name === "eks-satellite.mjs" ? 0o755 : 0o644);
    if (name.endsWith(".mjs")) console.log(`${FOLDER}/${name}: ${(content.length / 1e6).toFixed(2)} MB`);
  }
}
