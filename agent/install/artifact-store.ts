// The artifacts on the disk: a folder for each version, and links to the version in use. A folder is complete or does not exist.
import { dirname } from "node:path";
import type { Ledger } from "../apply/ledger.ts";
import { ARTIFACTS_FOLDER } from "../config/paths.ts";
import { describe, hasCode, SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import { checkArchive } from "./archive.ts";
import {
  type ArtifactName,
  type ArtifactRelease,
  MAX_CHECKSUM_BYTES,
  MAX_MANIFEST_BYTES,
  parseChecksum,
} from "./artifact-manifest.ts";
import { isOfRelease } from "./kubelet-trial.ts";

const REQUEST_TIMEOUT_SECONDS = 30;
const SILENCE_SECONDS = 30;
const MAX_REDIRECTS = 5;
/** kubelet takes about 60 MB, the unpacked CNI plugins about 80 MB. */
const ROOM_BYTES = 300 * 2 ** 20;
const PROGRAM_MODE = 0o755;
const PROGRAM_TIMEOUT_SECONDS = 60;

export interface ArtifactStoreOptions {
  readonly host: Host;
  readonly log: Log;
  readonly ledger: Ledger;
  /** Reports the bytes of a download so far, and the total where that is known. */
  readonly onProgress: (name: ArtifactName, bytes: number, totalBytes: number | undefined) => void;
  /** Aborts the current download. */
  readonly signal: AbortSignal;
}

/** Downloads, verifies, stores and links artifacts. */
export class ArtifactStore {
  readonly #options: ArtifactStoreOptions;

  constructor(options: ArtifactStoreOptions) {
    this.#options = options;
  }

  /** Returns the folder of a version, e.g. `/opt/eks-satellite-artifacts/kubelet/1.34.4`. */
  folderOf(name: ArtifactName, version: string): string {
    return `${ARTIFACTS_FOLDER}/${name}/${version}`;
  }

  /**
   * Downloads a version of an artifact unless it is stored already. A retry continues where the last one stopped.
   * @throws artifact-missing, artifact-unreachable, checksum-unreadable, checksum-wrong, disk-full, file-unwritable, artifact-broken
   */
  async fetch(name: ArtifactName, release: ArtifactRelease): Promise<void> {
    const { host, log } = this.#options;
    const folder = this.folderOf(name, release.version);
    if ((await host.files.status(folder)) !== undefined) return;
    const source = release.sources[name];
    if (source?.checksumUrl === undefined) {
      const what = source === undefined ? name : `checksum of ${name}`;
      throw new SatelliteError("artifact-missing", `release ${release.version} has no ${what} for this machine`, {
        hint: "Update the mirror, or install it by hand. Nothing is installed without a checksum.",
      });
    }
    await host.files.makeFolder(`${ARTIFACTS_FOLDER}/${name}`, PROGRAM_MODE);
    await checkRoom(host, name);
    const expected = parseChecksum(await readText(host, source.checksumUrl, MAX_CHECKSUM_BYTES), source.checksumUrl);
    const part = `${folder}.part`;
    log.info({ url: source.url }, `downloading ${name} ${release.version}`);
    await this.#download(name, source.url, part);
    const found = await host.files.digest(part);
    if (found !== expected) {
      // The file is not the one that the download began with: continuing it would never succeed.
      await host.files.remove(part);
      throw new SatelliteError(
        "checksum-wrong",
        `${source.url} has the SHA-256 ${found}, and must have ${expected}; the download was discarded`,
        {
          hint: "The download was truncated or changed, or the mirror is being filled. The daemon tries again. What is installed stays.",
        },
      );
    }
    await this.#keep(name, part, folder);
    log.info({ path: folder }, `${name} ${release.version} is downloaded, its checksum verified`);
  }

  async #download(name: ArtifactName, url: string, part: string): Promise<void> {
    const { host, onProgress, signal } = this.#options;
    try {
      const request = { url, path: part, silenceSeconds: SILENCE_SECONDS, signal };
      const { status } = await host.download({
        ...request,
        onProgress: (...progress) => onProgress(name, ...progress),
      });
      if (status !== 200) throw unreachable(`${url} was answered with ${status}`);
    } catch (error) {
      // A partial download that fills the disk would starve everything that runs.
      if (hasCode(error, "disk-full")) await host.files.remove(part);
      explain(error);
    }
  }

  /** Runs a program with --version before it replaces another. @throws artifact-broken when it does not run here or is another version */
  async tryOut(name: ArtifactName, version: string): Promise<void> {
    const path = `${this.folderOf(name, version)}/${name}`;
    const said = (await this.#run(path, ["--version"])).stdout.trim();
    if (said === "") {
      throw new SatelliteError("artifact-broken", `${path} --version said nothing, not even of which version it is`, {
        hint: `An empty file does so. The daemon tries again; rm -r ${dirname(path)} has it downloaded anew.`,
      });
    }
    if (!isOfRelease(said.split(" ").at(-1), version)) {
      throw new SatelliteError("artifact-broken", `${path} says that it is ${said}, and not ${version}`, {
        hint: "The mirror has it under a wrong version: update the mirror.",
      });
    }
  }

  /** Lists the programs of a version. */
  programs(name: ArtifactName, version: string): Promise<readonly string[]> {
    return this.#options.host.files.list(this.folderOf(name, version));
  }

  /** Links a path to a program in the store. An existing link is replaced atomically. @throws file-unwritable */
  async link(path: string, name: ArtifactName, version: string, program: string): Promise<void> {
    const { host, ledger } = this.#options;
    const target = `${this.folderOf(name, version)}/${program}`;
    if ((await host.files.readLink(path)) === target) return;
    if ((await host.files.readLink(path)) === undefined) await ledger.record(`link:${path}`, { kind: "absent" });
    await host.files.makeFolder(dirname(path), PROGRAM_MODE);
    await host.files.link(path, target);
  }

  /** Removes all versions except these. */
  async prune(name: ArtifactName, kept: readonly (string | undefined)[]): Promise<void> {
    const { host } = this.#options;
    for (const version of await host.files.list(`${ARTIFACTS_FOLDER}/${name}`))
      if (!kept.includes(version)) await host.files.removeTree(this.folderOf(name, version));
  }

  /** Moves a verified download, a program or an archive of programs, to its folder. */
  async #keep(name: ArtifactName, part: string, folder: string): Promise<void> {
    const { host } = this.#options;
    const fresh = `${folder}.new`;
    await host.files.removeTree(fresh);
    await host.files.makeFolder(fresh, PROGRAM_MODE);
    if (name === "cni-plugins") {
      await checkArchive(host, part);
      const plain = ["--no-same-owner", "--no-same-permissions", "--no-overwrite-dir"];
      await this.#run("tar", ["--extract", "--gzip", ...plain, `--file=${part}`, `--directory=${fresh}`]);
      await host.files.remove(part);
    } else {
      await host.files.setMode(part, PROGRAM_MODE);
      await host.files.move(part, `${fresh}/${name}`);
    }
    // The content must be on the disk before the folder has its name, or a power cut could leave it incomplete.
    await this.#run("sync", ["--file-system", fresh]);
    await host.files.move(fresh, folder);
  }

  async #run(command: string, args: readonly string[]) {
    const result = await this.#options.host.run(command, args, { timeoutSeconds: PROGRAM_TIMEOUT_SECONDS });
    if (result.exitCode === 0) return result;
    throw new SatelliteError(
      "artifact-broken",
      `${command} ${args.join(" ")}: ${result.stderr.trim().split("\n").at(-1)}`,
      {
        hint: `Check ${ARTIFACTS_FOLDER} and df -h. The daemon tries again.`,
      },
    );
  }
}

/** Reads the version that a path links to; undefined when it is not a link to the store. */
export async function releaseAt(host: Host, path: string, name: ArtifactName): Promise<string | undefined> {
  const target = await host.files.readLink(path);
  const prefix = `${ARTIFACTS_FOLDER}/${name}/`;
  return target?.startsWith(prefix) ? target.slice(prefix.length).split("/")[0] : undefined;
}

/** Checks that a download would fit. @throws disk-full */
export async function checkRoom(host: Host, what: string): Promise<void> {
  const { files } = host;
  const folder = (await files.status(ARTIFACTS_FOLDER)) === undefined ? dirname(ARTIFACTS_FOLDER) : ARTIFACTS_FOLDER;
  const space = await files.space(folder);
  if (space === undefined || space.availableBytes >= ROOM_BYTES) return;
  const [free, needed] = [space.availableBytes, ROOM_BYTES].map((bytes) => Math.round(bytes / 2 ** 20));
  throw new SatelliteError(
    "disk-full",
    `${folder} has ${free} MiB free, and ${what} needs ${needed} temporarily; what is installed stays`,
    { hint: `df -h ${folder}.` },
  );
}

/** Reads a small file of a mirror, of at most so many bytes; the URL is https, http or file. @throws artifact-unreachable */
export async function readText(host: Host, url: string, maxBytes: number = MAX_MANIFEST_BYTES): Promise<string> {
  if (url.startsWith("file:")) {
    const path = decodeURIComponent(new URL(url).pathname);
    const status = await host.files.status(path);
    if (status?.kind !== "file") throw unreachable(`there is no file for ${url}`);
    if (status.sizeBytes > maxBytes) throw unreachable(`${url} is larger than ${maxBytes} bytes`);
    return (await host.files.read(path)) ?? "";
  }
  const request = { url, timeoutSeconds: REQUEST_TIMEOUT_SECONDS, maxRedirects: MAX_REDIRECTS, maxBytes };
  const { status, body } = await host.fetch(request).catch(explain);
  if (status !== 200) throw unreachable(`${url} was answered with ${status}`);
  return body;
}

/** Adds a remedy to an error of the network. */
function explain(error: unknown): never {
  if (!hasCode(error, "http-failed")) throw error;
  throw unreachable(describe(error).message, error);
}

function unreachable(what: string, cause?: unknown): SatelliteError {
  return new SatelliteError("artifact-unreachable", what, {
    hint: "Check the mirror (artifacts.manifestUrl) and the network. The daemon tries again and continues the download. What is installed stays.",
    ...optional({ cause }),
  });
}
