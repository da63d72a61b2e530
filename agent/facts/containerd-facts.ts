// Everything about containerd that the plan follows from, read once, for a command.
import type { Host } from "../host/host.ts";
import { type ContainerdFacts, readContainerdConfig } from "./containerd.ts";
import { readImports } from "./containerd-imports.ts";
import { readNvidiaToolkit } from "./nvidia-toolkit.ts";
import { createVersionReader } from "./versions.ts";

/** Reads it. @throws containerd-missing, containerd-broken, file-unreadable */
export async function readContainerdFacts(host: Host, configFile: string): Promise<ContainerdFacts> {
  const [{ version }, config] = await Promise.all([
    createVersionReader(host).readContainerd(),
    readContainerdConfig(host, configFile),
  ]);
  const { imports, effective } = await readImports(host, configFile, config);
  const tables = [...(config.kind === "parsed" ? [config.table] : []), ...imports.map(({ table }) => table)];
  return { version, config, imports, effective, nvidia: await readNvidiaToolkit(host, tables) };
}
