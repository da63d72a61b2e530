// Probes this machine into a folder: see scripts/gpu-probe.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { replaceNames } from "./names.ts";
import { probe } from "./probe.ts";

const [folder = process.env.OUT ?? "gpu-probe"] = process.argv.slice(2).filter((argument) => argument !== "");
const host = createLinuxHost();
const entries = replaceNames(await probe(host), host.hostname);
for (const { path, text } of entries) {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
console.log(entries.find(({ path }) => path === "summary.md")?.text ?? "");
console.log(`${entries.length} files in ${folder}; read them before they leave the machine`);
// A command that cannot be killed would keep the process alive.
process.exit(0);
