// NVIDIA's container toolkit on this machine: the runtime for containerd, and the tool that writes CDI specifications.
import type { TomlTable } from "smol-toml";
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";

/** The folder of Debian's packages first, then the rest of systemd's own search path, for programs built from source. */
const FOLDERS = ["/usr/bin", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin"];
/** Where GPU Operator's toolkit container puts its programs, unless `toolkit.installDir` says otherwise. */
const GPU_OPERATOR_FOLDER = "/usr/local/nvidia/toolkit";
const RUNTIME = "nvidia-container-runtime";
const CTK = "nvidia-ctk";

export interface NvidiaToolkit {
  /** Path of nvidia-container-runtime; undefined when it is not installed. */
  readonly runtime?: string;
  /** Path of nvidia-ctk; undefined when it is not installed. GPU Operator's own does not count, since its driver may be in a container. */
  readonly ctk?: string;
  /** Programs that containerd's configuration names as runtimes and that do not exist. */
  readonly missing: readonly string[];
}

/** Looks for the toolkit, and for the programs that these configurations name. @throws file-unreadable */
export async function readNvidiaToolkit(host: Host, configs: readonly TomlTable[]): Promise<NvidiaToolkit> {
  const named = [...new Set(configs.flatMap(listBinaryNames))];
  const [runtime, ctk, ...found] = await Promise.all([
    findProgram(host, RUNTIME, [...FOLDERS, GPU_OPERATOR_FOLDER]),
    findProgram(host, CTK, FOLDERS),
    ...named.map((path) => isProgram(host, path)),
  ]);
  return {
    ...optional({ runtime }),
    ...optional({ ctk }),
    missing: named.filter((_, index) => found[index] !== true),
  };
}

/** Whether GPU Operator brought a program: it is in a folder `toolkit` below its `toolkit.installDir`. */
export function isGpuOperators(program: string | undefined): boolean {
  return program !== undefined && /\/toolkit\/[^/]+$/.test(program);
}

async function findProgram(host: Host, name: string, folders: readonly string[]): Promise<string | undefined> {
  const paths = folders.map((folder) => `${folder}/${name}`);
  const found = await Promise.all(paths.map((path) => isProgram(host, path)));
  return paths.find((_, index) => found[index]);
}

async function isProgram(host: Host, path: string): Promise<boolean> {
  return (await host.files.status(path))?.kind === "file";
}

/** Keys of a runtime's program, in lower case: containerd matches them without regard to it. The last two are older runtime types'. */
const PROGRAM_KEYS = ["binaryname", "runtime", "runtime_engine"];

/** Every absolute path of a runtime's program, wherever it is: containerd looks a bare name up in its own PATH. */
function listBinaryNames(table: object): readonly string[] {
  return Object.entries(table).flatMap(([key, value]): readonly string[] => {
    if (PROGRAM_KEYS.includes(key.toLowerCase()) && typeof value !== "object")
      return typeof value === "string" && value.startsWith("/") ? [value] : [];
    return typeof value === "object" && value !== null && !(value instanceof Date) ? listBinaryNames(value) : [];
  });
}
