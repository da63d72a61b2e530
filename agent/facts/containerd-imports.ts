// What containerd's configuration imports, and the configuration that containerd merges from them. nvidia-ctk and other tools write drop-ins.
import { createHash } from "node:crypto";
import type { TomlTable } from "smol-toml";
import type { Host } from "../host/host.ts";
import { type ContainerdConfigFile, type ImportedConfig, parseToml } from "./containerd.ts";

export interface ImportFacts {
  /** In the order in which containerd merges them into the main file. */
  readonly imports: readonly ImportedConfig[];
  /** The whole as containerd understands it, with its defaults; undefined without imports, and when containerd fails to print it. */
  readonly effective: TomlTable | undefined;
}

/** containerd runs again only when one of the files has changed. */
const asked = new WeakMap<Host, { readonly digest: string; readonly effective: TomlTable | undefined }>();

/** Reads the drop-ins; one that cannot be read or is not TOML is skipped, since containerd itself reports it. */
export async function readImports(host: Host, path: string, config: ContainerdConfigFile): Promise<ImportFacts> {
  const patterns = config.kind === "parsed" && Array.isArray(config.table.imports) ? config.table.imports : [];
  const paths = await Promise.all(patterns.map((pattern) => expand(host, path, String(pattern))));
  const files = await Promise.all(paths.flat().map(async (file) => [file, await read(host, file)] as const));
  const found = files.flatMap(([file, text]) => (text === undefined ? [] : [[file, text] as const]));
  if (found.length === 0 || config.kind !== "parsed") return { imports: [], effective: undefined };
  const imports = found.flatMap(([file, text]) => {
    const table = tryParse(text);
    return table === undefined ? [] : [{ path: file, table }];
  });
  const digest = createHash("sha256")
    .update(JSON.stringify([path, config.text, found]))
    .digest("hex");
  const known = asked.get(host);
  if (known?.digest === digest) return { imports, effective: known.effective };
  const effective = await dump(host, path);
  asked.set(host, { digest, effective });
  return { imports, effective };
}

/** A path or a pattern of the file's name; relative ones are relative to the main file (containerd-config.toml(5)). */
async function expand(host: Host, main: string, pattern: string): Promise<readonly string[]> {
  const absolute = pattern.startsWith("/") ? pattern : `${main.slice(0, main.lastIndexOf("/"))}/${pattern}`;
  const slash = absolute.lastIndexOf("/");
  const [folder, name] = [absolute.slice(0, slash), absolute.slice(slash + 1)];
  if (!name.includes("*")) return [absolute];
  const parts = name.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const matching = new RegExp(`^${parts.join("[^/]*")}$`);
  return (await host.files.list(folder)).filter((each) => matching.test(each)).map((each) => `${folder}/${each}`);
}

function read(host: Host, path: string): Promise<string | undefined> {
  return host.files.read(path).catch(() => undefined);
}

function tryParse(text: string): TomlTable | undefined {
  try {
    return parseToml(text);
  } catch {
    return undefined;
  }
}

async function dump(host: Host, path: string): Promise<TomlTable | undefined> {
  const answer = await host.run("containerd", ["--config", path, "config", "dump"]).catch(() => undefined);
  return answer?.exitCode === 0 ? tryParse(answer.stdout) : undefined;
}
