// A mirror of releases for a sandbox's machine: built from this tree under any version, served over HTTP, spoiled on demand.
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARCHITECTURES } from "../../scripts/release/architecture.ts";
import { fetchNodePackage, readNodePin, unpackNode } from "../../scripts/release/node-package.ts";
import { makeRelease } from "../../scripts/release/release.ts";
import { cacheFolder } from "../sandbox/state.ts";

const TOP = join(import.meta.dirname, "../..");
const ARCHITECTURE = "amd64";

/** Name of a release's tarball. */
export const tarballOf = (version: string) => `eks-satellite-${version}-linux-${ARCHITECTURE}.tar.gz`;

/** Serves `install.sh`, `latest` and `download/vVERSION/`, as the project's release page does. */
export class ReleaseMirror {
  /** What the mirror does with a request in place of serving it. */
  spoil: RequestListener | undefined;
  readonly #folder: string;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Builds these versions from this tree. */
  static async create(versions: readonly string[]): Promise<ReleaseMirror> {
    const folder = await mkdtemp(join(tmpdir(), "eks-satellite-mirror-"));
    await Promise.all(versions.map((version) => release(version, join(folder, "download", `v${version}`))));
    await copyFile(join(TOP, "packaging/install.sh"), join(folder, "install.sh"));
    return new ReleaseMirror(folder);
  }

  /** Listens on an address of the host, by default on any free port, and returns the mirror's URL. */
  async listen(address: string, port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, address, resolve));
    return `http://${address}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Says which version is the newest. */
  setLatest(version: string): Promise<void> {
    return writeFile(join(this.#folder, "latest"), `${version}\n`);
  }

  /** A file of a release. */
  read(version: string, name: string): Promise<Buffer> {
    return readFile(join(this.#folder, "download", `v${version}`, name));
  }

  async close(): Promise<void> {
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answer(...[request, response]: Parameters<RequestListener>): Promise<void> {
    if (this.spoil !== undefined) return this.spoil(request, response);
    const content = await readFile(join(this.#folder, request.url ?? "")).catch(() => undefined);
    response.statusCode = content === undefined ? 404 : 200;
    response.end(content);
  }
}

async function release(version: string, output: string): Promise<void> {
  await makeRelease({
    ...{ top: TOP, version, output, timeSeconds: 1 },
    architectures: ARCHITECTURES.filter(({ name }) => name === ARCHITECTURE),
    takeNode: async (architecture, folder) => {
      const pin = await readNodePin(TOP, architecture);
      const archive = await fetchNodePackage(TOP, pin, join(cacheFolder(), "node-packages"));
      return unpackNode(archive, pin.version, folder);
    },
  });
}
