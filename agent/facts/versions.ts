// Which kubelet and which containerd are installed. Each binary runs once, and again when its file changes.
import { coerce, type SemVer } from "semver";
import * as z from "zod";
import { checkPrivateProgram } from "../credentials/private-file.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

/** Folders that hold containerd on Debian, Ubuntu and in upstream's tarballs, in the order of systemd's own search. */
const BINARY_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"];

export interface Binary {
  readonly path: string;
  /** E.g. `1.34.4`, without the distribution's suffix. */
  readonly version: string;
}

/** Reads the versions of binaries, and caches the answers. */
export interface VersionReader {
  /** @throws kubelet-missing, kubelet-not-executable, program-foreign, kubelet-broken */
  readKubelet(path: string): Promise<Binary>;
  /** @throws containerd-missing, containerd-broken */
  readContainerd(): Promise<Binary>;
}

/** Versions by path, time and size of the file: a replaced file has another time or another size. */
const memorySchema = z.record(z.string(), z.string());

/**
 * Creates a reader that runs each binary once.
 * @param memoryFile file that keeps the answers for the next start, since these binaries take long to load; none by default
 */
export function createVersionReader(host: Host, memoryFile?: string): VersionReader {
  const asked = new Map<string, Promise<string>>();
  const memory = memoryFile === undefined ? Promise.resolve({}) : readMemory(host, memoryFile);
  const ask = async (key: string, path: string, what: string): Promise<string> => {
    const known: Record<string, string> = await memory;
    const version = known[key] ?? (await askVersion(host, path, what));
    if (memoryFile !== undefined && known[key] === undefined) {
      known[key] = version;
      // A failed write costs the next start some milliseconds, and nothing else.
      await host.files.write(memoryFile, JSON.stringify(known), { mode: 0o600 }).catch(() => undefined);
    }
    return version;
  };
  const read = async (path: string, what: string): Promise<Binary> => {
    const status = await host.files.status(path);
    const key = `${path} ${status?.modifiedMs} ${status?.sizeBytes}`;
    const version = asked.get(key) ?? ask(key, path, what);
    asked.set(key, version);
    version.catch(() => asked.delete(key));
    return { path, version: await version };
  };
  return {
    async readKubelet(path) {
      await checkExecutable(host, path);
      return read(path, "kubelet");
    },
    async readContainerd() {
      const paths = BINARY_FOLDERS.map((folder) => `${folder}/containerd`);
      const found = await Promise.all(paths.map((path) => host.files.status(path)));
      const path = paths.find((_, index) => found[index]?.kind === "file");
      if (path !== undefined) return read(path, "containerd");
      throw new SatelliteError("containerd-missing", `there is no containerd in ${BINARY_FOLDERS.join(", ")}`, {
        hint: "apt-get install containerd.io (Docker's package) or containerd.",
      });
    },
  };
}

async function readMemory(host: Host, path: string): Promise<Record<string, string>> {
  try {
    return memorySchema.parse(JSON.parse((await host.files.read(path)) ?? "{}"));
  } catch {
    return {}; // Damaged: the binaries run again.
  }
}

async function checkExecutable(host: Host, path: string): Promise<void> {
  const status = await host.files.status(path);
  if (status === undefined) {
    throw new SatelliteError("kubelet-missing", `there is no kubelet at ${path}`, {
      hint: "The daemon downloads one, see ArtifactsInstalled. With artifacts.install: never, install one of the cluster's version there, or set kubelet.path.",
    });
  }
  if (status.kind !== "file" || (status.mode & 0o111) === 0) {
    throw new SatelliteError("kubelet-not-executable", `${path} is not an executable file`, {
      hint: `chmod 755 ${path}, or set kubelet.path.`,
    });
  }
  await checkPrivateProgram(host, path);
}

/** Both print their version in one line: `Kubernetes v1.34.4`, `containerd github.com/containerd/containerd 1.6.20~ds1 …`. */
async function askVersion(host: Host, path: string, what: string): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run(path, ["--version"], { timeoutSeconds: 20 });
  const version: SemVer | null = exitCode === 0 ? coerce(stdout.replace(/^\S+ (github\.com\/\S+ )?/, "")) : null;
  if (version === null) {
    throw new SatelliteError(
      `${what}-broken`,
      `${path} --version exited with ${exitCode}: ${(stderr || stdout).trim().slice(0, 200)}`,
      {
        hint: `Check that ${path} is built for this machine (file ${path}).`,
      },
    );
  }
  return version.version;
}
