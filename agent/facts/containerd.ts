// The installed containerd: its version, and its configuration, which other tools may have written.
import { parse, TomlError, type TomlTable } from "smol-toml";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";
import type { NvidiaToolkit } from "./nvidia-toolkit.ts";

/** The configuration file, as found, with its permission bits. */
export type ContainerdConfigFile =
  | { readonly kind: "absent" }
  | { readonly kind: "parsed"; readonly text: string; readonly table: TomlTable; readonly mode?: number }
  | { readonly kind: "unparsable"; readonly error: SatelliteError };

export interface ContainerdFacts {
  readonly version: string;
  readonly config: ContainerdConfigFile;
  readonly imports?: readonly ImportedConfig[];
  /** The whole as containerd understands it; undefined when it imports nothing. */
  readonly effective?: TomlTable | undefined;
  readonly nvidia?: NvidiaToolkit;
}

/** A drop-in. */
export interface ImportedConfig {
  readonly path: string;
  readonly table: TomlTable;
}

/** Reads containerd's configuration; a text that is not TOML is a finding, not an error. @throws file-unreadable */
export async function readContainerdConfig(host: Host, path: string): Promise<ContainerdConfigFile> {
  const [text, status] = await Promise.all([host.files.read(path), host.files.status(path)]);
  if (text === undefined) return { kind: "absent" };
  try {
    return { kind: "parsed", text, table: parseToml(text), ...optional({ mode: status?.mode }) };
  } catch (cause) {
    const line = cause instanceof TomlError ? `:${cause.line}` : "";
    // The first line names the mistake; the others quote the file, which may hold a registry's password.
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    const error = new SatelliteError(
      "containerd-config-unparsable",
      `${path}${line} is not TOML; it is left as it is`,
      {
        hint: `Correct ${path} (containerd config dump names the mistake), or move it away.`,
        cause: new Error(reason),
      },
    );
    return { kind: "unparsable", error };
  }
}

/** Whole numbers as BigInt, so that 1 and 1.0 stay what they are when the table is written again. */
export function parseToml(text: string): TomlTable {
  return parse(text, { integersAsBigInt: true });
}
