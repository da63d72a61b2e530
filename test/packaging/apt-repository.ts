// An apt repository of small packages, served over HTTP, and machines of a real apt that take from it.
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { AptRoot, type AptSource } from "../../scripts/release/apt/apt-root.ts";
import { KEY_FILE, makeRepository } from "../../scripts/release/apt/repository.ts";
import type { Signer } from "../../scripts/release/apt/signature.ts";
import { makeDeb } from "../../scripts/release/deb.ts";
import { SAMPLE_TIME_SECONDS, scratchFolder, TOP } from "./sample-release.ts";

/** Debian's name of this machine's processor, for which packages are really installed. */
export const { stdout: ARCHITECTURE } = await execa("dpkg", ["--print-architecture"]);
export const ARCHITECTURES = ["amd64", "arm64"];

/** Makes a package that says its version. @returns its path */
export async function makeSmallDeb(version: string, architecture = ARCHITECTURE, folder?: string): Promise<string> {
  const output = folder ?? (await scratchFolder());
  const place = { work: await scratchFolder(), output, timeSeconds: SAMPLE_TIME_SECONDS };
  const program = { path: "opt/eks-satellite/bin/node", content: `#!/bin/sh\necho ${version}\n`, isProgram: true };
  return join(
    output,
    await makeDeb(TOP, { identity: { version, architecture, description: "x" }, files: [program], place }),
  );
}

/** A repository and its server. */
export class Repository {
  readonly folder: string;
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #timeSeconds = SAMPLE_TIME_SECONDS;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", async ({ url = "" }, response) => {
      const path = decodeURIComponent(url);
      this.requests.push(path);
      const content = await readFile(this.path(path)).catch(() => undefined);
      response.writeHead(content === undefined ? 404 : 200, { "content-length": content?.length ?? 0 }).end(content);
    });
  }

  /** Serves a folder that is empty yet. */
  static async start(): Promise<Repository> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Repository(await scratchFolder(), server);
  }

  /** Adds packages of these versions for this machine, and signs all anew, a minute later than the last time. */
  async publish(signer: Signer, ...versions: readonly string[]): Promise<void> {
    this.#timeSeconds += 60;
    const packages = await Promise.all(versions.map((version) => makeSmallDeb(version)));
    const when = { timeSeconds: this.#timeSeconds };
    await makeRepository({ folder: this.folder, packages, architectures: ARCHITECTURES, signer, ...when });
  }

  path(relative: string): string {
    return join(this.folder, relative);
  }

  /** A machine that has this as its source. */
  async machine(source: Partial<AptSource> = {}): Promise<AptRoot> {
    return await AptRoot.create(join(await scratchFolder(), "root"), this.source(source));
  }

  source(changes: Partial<AptSource> = {}): AptSource {
    return { url: this.url, suite: "stable", key: this.path(KEY_FILE), architecture: ARCHITECTURE, ...changes };
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** The version that dpkg has as installed there; undefined when none is. */
export async function installedVersion({ folder }: AptRoot): Promise<string | undefined> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query's own format.
  const format = "--showformat=${db:Status-Abbrev} ${Version}";
  const { stdout } = await execa(
    "dpkg-query",
    [`--admindir=${folder}/var/lib/dpkg`, format, "--show", "eks-satellite"],
    {
      reject: false,
    },
  );
  return /^[ih]i +(\S+)$/.exec(stdout)?.[1];
}
