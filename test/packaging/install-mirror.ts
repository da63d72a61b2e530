// Two small releases, as scripts/release makes them but for Node, and a server that has them as GitHub does.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { sha256 } from "../../agent/digest.ts";
import { makeBundle } from "../../scripts/bundle.ts";
import { renderChecksums } from "../../scripts/release/checksums.ts";
import { localFiles } from "../../scripts/release/contents.ts";
import { makeTrialSigning, type Signing, signChecksums } from "../../scripts/release/signing.ts";
import { makeTarball } from "../../scripts/release/tarball.ts";
import type { PackageFile } from "../../scripts/release/tree.ts";
import { renderShellFiles } from "../../scripts/shell/files.ts";
import { copyKept } from "../kept-copy.ts";
import { SAMPLE_TIME_SECONDS, scratchFolder, TOP } from "./sample-release.ts";

/** The releases of the mirror; NEW is the latest, and has another unit. */
export const OLD = "1.0.0";
export const NEW = "1.1.0";

/** E.g. `eks-satellite-1.0.0-linux-amd64.tar.gz`. */
export function tarballName(version: string, architecture = "amd64"): string {
  return `eks-satellite-${version}-linux-${architecture}.tar.gz`;
}

/** A server with releases. */
export class Mirror {
  /** For EKS_SATELLITE_BASE_URL. */
  readonly url: string;
  /** Where the releases lie, one folder for each version. */
  readonly folder: string;
  /** Who signs the releases. */
  readonly signing: Signing;
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  /** What is done with a path in place of sending the file. */
  readonly faults = new Map<string, RequestListener>();
  readonly #server: Server;

  private constructor(folder: string, signing: Signing, server: Server) {
    this.folder = folder;
    this.signing = signing;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<Mirror> {
    const folder = await scratchFolder();
    const signing = await makeTrialSigning(await scratchFolder());
    await makeReleases(folder, signing);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const mirror = new Mirror(folder, signing, server);
    server.on("request", mirror.#serve);
    return mirror;
  }

  /** What makes it the place of releases for the installer. */
  get environment(): Readonly<Record<string, string>> {
    return {
      EKS_SATELLITE_BASE_URL: this.url,
      EKS_SATELLITE_ALLOW_HTTP: "yes",
      EKS_SATELLITE_ALLOWED_SIGNERS: this.signing.allowedSigners,
    };
  }

  readonly #serve: RequestListener = async (request, response) => {
    const path = request.url ?? "";
    this.requests.push(path);
    const fault = this.faults.get(path);
    if (fault !== undefined) return fault(request, response);
    if (path === "/latest") return void response.writeHead(302, { location: `/tag/v${NEW}` }).end();
    if (path.startsWith("/tag/")) return void response.end("<html>a release</html>");
    const content = await readFile(join(this.folder, path)).catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  };

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Puts both releases into a folder, made once for all files of tests, and signs them. */
async function makeReleases(folder: string, signing: Signing): Promise<void> {
  const download = join(folder, "download");
  // The stand-in names the Node that runs the tests, and is written here.
  const digest = sha256(`${process.execPath}\n${await readFile(import.meta.filename, "utf8")}`);
  await copyKept(`mirror-${digest.slice(0, 8)}`, download, makeUnsigned);
  for (const version of [OLD, NEW]) {
    const output = join(download, `v${version}`);
    const sums = await readFile(join(output, "SHA256SUMS"), "utf8");
    await writeFile(join(output, "SHA256SUMS.sig"), await signChecksums(sums, signing, await scratchFolder()));
  }
}

async function makeUnsigned(folder: string): Promise<void> {
  const bundle = await makeBundle();
  const work = await scratchFolder();
  const shellFiles = renderShellFiles({ version: NEW, timeSeconds: SAMPLE_TIME_SECONDS });
  for (const version of [OLD, NEW]) {
    const output = join(folder, `v${version}`);
    await mkdir(output, { recursive: true });
    const node = join(work, `node-${version}`);
    await writeFile(node, standInForNode(version));
    const files = await localFiles(TOP, { files: bundle.files, licences: "…\n", sbom: "{}\n", shellFiles, node });
    const all = [...files.map((file) => onOtherRoot(file, version)), { path: "VERSION", content: `${version}\n` }];
    const names = ["amd64", "arm64"].map(async (architecture) => {
      const place = { work: join(work, version), output, timeSeconds: SAMPLE_TIME_SECONDS };
      return await makeTarball(tarballName(version, architecture).replace(/\.tar\.gz$/, ""), all, place);
    });
    await writeFile(join(output, "SHA256SUMS"), await renderChecksums(output, await Promise.all(names)));
  }
}

/** The real program, but for what would ask or change this machine. */
function standInForNode(version: string): string {
  return `#!/bin/sh
for word; do
  case $word in
    version) echo ${version}; exit ;;
    status | reset) while [ "$1" != "$word" ]; do shift; done; shift; exec "$EKS_SATELLITE_ROOT/../state/$word" "$@" ;;
  esac
done
exec ${process.execPath} "$@"
`;
}

/** The launcher names the program by its full path. */
function onOtherRoot(file: PackageFile, version: string): PackageFile {
  const text = () => Buffer.from(file.content as Uint8Array | string).toString();
  if (file.path === "usr/local/bin/eks-satellite") {
    return { ...file, content: text().replaceAll(/(?<=[ =])\/(opt|etc|var)\//g, "$EKS_SATELLITE_ROOT/$1/") };
  }
  return file.path.endsWith(".service") && version === NEW ? { ...file, content: `${text()}# newer\n` } : file;
}
