// What containerd's configuration imports, and the configuration that containerd merges from them. nvidia-ctk and other tools write drop-ins.
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { satisfies } from "semver";
import type { TomlTable } from "smol-toml";
import type { Host } from "../host/host.ts";
import { type ContainerdConfigFile, type ImportedConfig, parseToml } from "./containerd.ts";
import { expandGlob } from "./glob.ts";

export interface ImportFacts {
  /** In the order in which containerd merges them into the main file. */
  readonly imports: readonly ImportedConfig[];
  /** The whole as containerd understands it, with its defaults; undefined without imports, and when containerd fails to print it. */
  readonly effective: TomlTable | undefined;
}

/** Reads the imports, round after round. */
export interface ImportReader {
  /** @param containerdVersion another one understands the same files differently; undefined when it is not known */
  read(path: string, config: ContainerdConfigFile, containerdVersion?: string): Promise<ImportFacts>;
}

/** These take a relative pattern from the folder in which they run, which is systemd's: `/`. */
const PATTERNS_FROM_ROOT = "<1.6.30 || >=1.7.0 <1.7.16";
const MAX_FILES = 200;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Creates a reader that runs containerd again only when one of the files, or containerd, has changed, or when it failed before. */
export function createImportReader(host: Host): ImportReader {
  let known: { readonly digest: string; readonly effective: TomlTable } | undefined;
  return {
    async read(path, config, containerdVersion) {
      const found =
        config.kind === "parsed" ? await new ImportWalk(host, containerdVersion).list(path, config.table) : [];
      if (found.length === 0 || config.kind !== "parsed") return { imports: [], effective: undefined };
      const imports = found.flatMap(({ path, table }) => (table === undefined ? [] : [{ path, table }]));
      const digest = createHash("sha256")
        .update(JSON.stringify([path, config.text, containerdVersion, found.map(({ path, text }) => [path, text])]))
        .digest("hex");
      if (known?.digest === digest) return { imports, effective: known.effective };
      const effective = await dump(host, path);
      known = effective === undefined ? undefined : { digest, effective };
      return { imports, effective };
    },
  };
}

/** Reads the imports once. */
export function readImports(host: Host, path: string, config: ContainerdConfigFile): Promise<ImportFacts> {
  return createImportReader(host).read(path, config);
}

interface ImportedFile {
  readonly path: string;
  readonly text: string;
  /** Undefined when it is not TOML, which containerd itself reports. */
  readonly table: TomlTable | undefined;
}

/** The files that containerd loads beside the main one. */
class ImportWalk {
  readonly #host: Host;
  readonly #isFromRoot: boolean;

  constructor(host: Host, containerdVersion: string | undefined) {
    this.#host = host;
    this.#isFromRoot = containerdVersion !== undefined && satisfies(containerdVersion, PATTERNS_FROM_ROOT);
  }

  /** In containerd's order: imports of imports too, and each file once. */
  async list(main: string, config: TomlTable): Promise<readonly ImportedFile[]> {
    const files: ImportedFile[] = [];
    const loaded = new Set([await this.#placeOf(main)]);
    const pending = [...(await this.#listImports(main, config))];
    for (let path = pending.shift(); path !== undefined && files.length < MAX_FILES; path = pending.shift()) {
      // People save what `containerd config dump` prints, which imports itself.
      const place = await this.#placeOf(path);
      if (loaded.has(place)) continue;
      loaded.add(place);
      const text = await read(this.#host, path);
      if (text === undefined) continue;
      const table = tryParse(text);
      files.push({ path, text, table });
      if (table !== undefined) pending.push(...(await this.#listImports(path, table)));
    }
    return files;
  }

  #placeOf(path: string): Promise<string> {
    return this.#host.files.realPath(path).catch(() => path);
  }

  /** The paths that a file's list names; containerd matches keys without regard to case. */
  async #listImports(file: string, config: TomlTable): Promise<readonly string[]> {
    const [, list] = Object.entries(config).find(([key]) => key.toLowerCase() === "imports") ?? [];
    const patterns = Array.isArray(list) ? list.map(String).slice(0, MAX_FILES) : [];
    return (await Promise.all(patterns.map((pattern) => this.#expand(file, pattern)))).flat();
  }

  /** A path or a pattern; relative ones are relative to the file that names them (containerd-config.toml(5)). */
  async #expand(file: string, pattern: string): Promise<readonly string[]> {
    const isPattern = pattern.includes("*");
    const absolute = posix.resolve(isPattern && this.#isFromRoot ? "/" : posix.dirname(file), pattern);
    return isPattern ? expandGlob(this.#host, absolute) : [absolute];
  }
}

async function read(host: Host, path: string): Promise<string | undefined> {
  const status = await host.files.status(path).catch(() => undefined);
  if (status?.kind !== "file" || status.sizeBytes > MAX_FILE_BYTES) return undefined;
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
