// AWS's clients in the bundle: of each, the calls that the program makes. EC2's alone has 800, and 1.3 MB of shapes for them,
// and what is loaded later is in the same file: the daemon would hold all of it.
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";

const HOST = join(import.meta.dirname, "../agent/host");
const CLIENT_INDEX = /\/(@aws-sdk\/client-[\w-]+)\/dist-es\/index\.js$/;
const SHAPES = /\/dist-es\/schemas\/schemas_0\.js$/;

/** esbuild leaves out unused exports, but not those of a module that a call imports: each client is bundled by itself first. */
export const usedCalls: Plugin = {
  name: "used-calls",
  setup({ onLoad }) {
    onLoad({ filter: CLIENT_INDEX }, async ({ path }) => {
      const names = await importedNames(CLIENT_INDEX.exec(path)?.[1] ?? "");
      const { outputFiles } = await build({
        stdin: { contents: `export { ${names.join(", ")} } from "./index.js";`, resolveDir: dirname(path) },
        bundle: true,
        write: false,
        packages: "external",
        format: "esm",
        platform: "node",
        target: "node24",
        legalComments: "inline",
        plugins: [pureShapes],
      });
      return { contents: outputFiles[0]?.text ?? "", resolveDir: dirname(path) };
    });
  },
};

/** A shape is an array with computed keys, which esbuild takes for effects; the result of a call that is marked pure can be left out. */
const pureShapes: Plugin = {
  name: "pure-shapes",
  setup({ onLoad }) {
    onLoad({ filter: SHAPES }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll(
        /^((?:export )?var [\w$]+ = )(\[.*?\]);$/gms,
        "$1/* @__PURE__ */ (() => $2)();",
      ),
    }));
  },
};

/** What agent/host imports from a client; no other room may (test/architecture.test.ts). */
async function importedNames(client: string): Promise<readonly string[]> {
  const texts = await Promise.all(globSync(join(HOST, "**/*.ts")).map((file) => readFile(file, "utf8")));
  const lists = texts.flatMap((text) => [
    ...text.matchAll(new RegExp(`^import \\{([^}]*)\\} from "${client}";`, "gm")),
    ...text.matchAll(new RegExp(`const \\{([^}]*)\\} = await import\\("${client}"\\)`, "g")),
  ]);
  const names = lists.flatMap(([, list = ""]) => list.split(",").map((name) => name.trim()));
  return [...new Set(names.filter((name) => /^\w+$/.test(name)))].toSorted();
}
