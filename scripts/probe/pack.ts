// Packs the probe for a machine that has nothing: its program in one file, Node compressed, and a launcher.

import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { build } from "esbuild";

const TOP = join(import.meta.dirname, "../..");

const LAUNCHER = `#!/bin/sh
# Probes this machine's NVIDIA cards into the folder that is given, or $OUT, or ./gpu-probe-out. It needs no network and no systemd.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
node=$here/node
if [ ! -x "$node" ]; then
  node=$(mktemp)
  gunzip -c "$here/node.gz" > "$node"
  chmod +x "$node"
  trap 'rm -f "$node"' EXIT
fi
"$node" "$here/gpu-probe.mjs" "\${1-\${OUT-gpu-probe-out}}"
`;

/** Writes the program into a folder: one file, which needs Node alone. */
export async function packProgram(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: TOP,
    entryPoints: ["scripts/probe/main.ts"],
    outfile: join(folder, "gpu-probe.mjs"),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    logLevel: "warning",
    banner: {
      js: 'import { createRequire as _createRequire } from "node:module"; const require = _createRequire(import.meta.url);',
    },
  });
  await writeFile(join(folder, "gpu-probe"), LAUNCHER, { mode: 0o755 });
}

if (import.meta.main) {
  const [, , folder = "gpu-probe"] = process.argv;
  await packProgram(folder);
  await pipeline(
    createReadStream(process.execPath),
    createGzip({ level: 6 }),
    createWriteStream(join(folder, "node.gz")),
  );
  console.log(`${folder}/gpu-probe [FOLDER] probes a machine`);
}
