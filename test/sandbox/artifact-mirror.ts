// A mirror of EKS's artifacts over TLS, in the format of EKS's own manifest, with the sandbox's own builds and with faults.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { artifactPath, renderManifest } from "../fakes/artifact-mirror.ts";
import { makeMirrorCertificate } from "./certificates.ts";
import { buildKubeletAs } from "./go-builds.ts";
import { ensureBaseTree } from "./machine/base.ts";
import type { Sandbox } from "./sandbox.ts";
import { Progress } from "./step.ts";

/** Answers a request in the mirror's place, or leaves it to it by returning false. */
export type MirrorFault = (request: IncomingMessage, response: ServerResponse, content: Buffer | undefined) => boolean;

/** One mirror, of the versions that were put there. */
export class ArtifactMirror {
  /** What goes wrong; undefined for nothing. */
  fault: MirrorFault | undefined;
  /** Paths that were asked for, with the range that was asked of each. */
  readonly requests: string[] = [];
  readonly #folder: string;
  readonly #versions: string[] = [];
  readonly #server: ReturnType<typeof createServer>;

  private constructor(folder: string, key: Buffer, cert: Buffer) {
    this.#folder = folder;
    this.#server = createServer({ key, cert }, (request, response) => void this.#answer(request, response));
  }

  /** Makes one for a sandbox, under a certificate that its machine trusts, at the host's end of the machine's uplink. */
  static async create(sandbox: Sandbox): Promise<ArtifactMirror> {
    const pki = join(sandbox.folder, "pki");
    await makeMirrorCertificate(pki, sandbox.addresses.uplink.host);
    const [key, cert] = await Promise.all(["mirror.key", "mirror.crt"].map((name) => readFile(join(pki, name))));
    const folder = await mkdtemp(join(tmpdir(), "eks-satellite-artifacts-"));
    const mirror = new ArtifactMirror(folder, key ?? Buffer.of(), cert ?? Buffer.of());
    await new Promise<void>((resolve) => mirror.#server.listen(0, sandbox.addresses.uplink.host, resolve));
    return mirror;
  }

  get manifestUrl(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `https://${address}:${port}/manifest.yaml`;
  }

  /** Adds a version that is whole: kubelet, which says that it is of it, the provider, and Debian's CNI plugins. */
  async add(sandbox: Sandbox, version: string): Promise<void> {
    const progress = new Progress();
    const kubelet = await buildKubeletAs(version, progress);
    await this.#put(version, "kubelet", await readFile(kubelet));
    await this.#put(
      version,
      "ecr-credential-provider",
      await readFile(join(sandbox.programs.awsTools, "ecr-credential-provider")),
    );
    const plugins = join(await ensureBaseTree(progress), "usr/lib/cni");
    const { stdout } = await execa("tar", ["--create", "--gzip", `--directory=${plugins}`, "."], {
      encoding: "buffer",
    });
    await this.#put(version, "cni-plugins", Buffer.from(stdout));
    await this.#publish(version);
  }

  /** Adds a version whose kubelet is this script. */
  async addBroken(version: string, script: string): Promise<void> {
    await this.#put(version, "kubelet", Buffer.from(script));
    await this.#publish(version);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #put(version: string, name: string, content: Buffer): Promise<void> {
    const path = join(this.#folder, artifactPath(version, name));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await writeFile(`${path}.sha256`, `${createHash("sha256").update(content).digest("hex")}  ${name}\n`);
  }

  async #publish(version: string): Promise<void> {
    this.#versions.push(version);
    await writeFile(join(this.#folder, "manifest.yaml"), renderManifest(this.#versions));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { range } = request.headers;
    this.requests.push(`${request.url}${range === undefined ? "" : ` ${range}`}`);
    const content = await readFile(join(this.#folder, request.url ?? "")).catch(() => undefined);
    if (this.fault?.(request, response, content) === true) return;
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (start === 0) response.end(content);
    else if (start >= content.length) response.writeHead(416).end();
    else response.writeHead(206).end(content.subarray(start));
  }
}
