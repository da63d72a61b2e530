// A mirror of releases for a sandbox's machine: built from this tree under any version, signed by a key of its own, served over HTTP,
// spoiled on demand.
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { listDebianPackages, makeRepository } from "../../scripts/release/apt/repository.ts";
import type { Signer } from "../../scripts/release/apt/signature.ts";
import { takeLockedNode } from "../../scripts/release/node-package.ts";
import { makeRelease } from "../../scripts/release/release.ts";
import { makeTrialSigning, type Signing, signChecksums } from "../../scripts/release/signing.ts";
import { copyKept } from "../kept-copy.ts";
import { type Arch, architectureOf } from "../sandbox/processor.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder } from "../sandbox/state.ts";

/** What nearly all machines of the tests are. */
const ARCHITECTURE = "amd64";
const TOP = join(import.meta.dirname, "../..");

/** Name of a release's tarball. */
export const tarballOf = (version: string, arch: Arch = ARCHITECTURE) =>
  `eks-satellite-${version}-linux-${arch}.tar.gz`;

/** Where {@link ReleaseMirror.introduce} lays the list of keys. */
export const SIGNERS = "/root/allowed_signers";

/** Serves `install.sh`, `latest` and `download/vVERSION/`, as the project's release page does. */
export class ReleaseMirror {
  /** Path of the list with the key that signs its releases, for EKS_SATELLITE_ALLOWED_SIGNERS. */
  readonly allowedSigners: string;
  /** What the mirror does with a request in place of serving it. */
  spoil: RequestListener | undefined;
  readonly #folder: string;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  private constructor(folder: string, { allowedSigners }: Signing) {
    this.#folder = folder;
    this.allowedSigners = allowedSigners;
  }

  /** Builds these versions from this tree, for one processor. */
  static async create(versions: readonly string[], arch: Arch = ARCHITECTURE): Promise<ReleaseMirror> {
    const folder = await mkdtemp(join(tmpdir(), "eks-satellite-mirror-"));
    const signing = await makeTrialSigning(folder);
    const download = join(folder, "download");
    await mkdir(download);
    await Promise.all(versions.map((version) => release({ version, arch }, join(download, `v${version}`), signing)));
    await copyFile(join(TOP, "packaging/install.sh"), join(folder, "install.sh"));
    return new ReleaseMirror(folder, signing);
  }

  /** Listens on an address of the host, by default on any free port, and returns the mirror's URL. */
  async listen(address: string, port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, address, resolve));
    return `http://${address}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Gives a machine what verifies releases of the mirror: ssh-keygen, which all but the sandbox's machines have, and the key. */
  async introduce(sandbox: Sandbox): Promise<void> {
    const script = `cat > ${SIGNERS}; command -v ssh-keygen >/dev/null && exit
      export DEBIAN_FRONTEND=noninteractive
      apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends openssh-client >/dev/null`;
    const input = await readFile(this.allowedSigners, "utf8");
    await sandbox.box(["/bin/sh", "-ec", script], { input, timeoutMs: 180_000 });
  }

  /** Says which version is the newest. */
  setLatest(version: string): Promise<void> {
    return writeFile(join(this.#folder, "latest"), `${version}\n`);
  }

  /** Adds a release to the apt repository in `apt/`. */
  async publishByApt(version: string, signer: Signer): Promise<void> {
    const packages = await listDebianPackages(join(this.#folder, "download", `v${version}`));
    const folder = join(this.#folder, "apt");
    const timeSeconds = Math.floor(Date.now() / 1000);
    await makeRepository({ folder, packages, architectures: [ARCHITECTURE], signer, timeSeconds });
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

interface Made {
  readonly version: string;
  readonly arch: Arch;
}

async function release({ version, arch }: Made, output: string, signing: Signing): Promise<void> {
  const name = arch === ARCHITECTURE ? version : `${version}-${arch}`;
  await copyKept(name, output, (folder) => make({ version, arch }, folder));
  const sums = await readFile(join(output, "SHA256SUMS"), "utf8");
  await writeFile(join(output, "SHA256SUMS.sig"), await signChecksums(sums, signing, dirname(output)));
}

function make({ version, arch }: Made, output: string): Promise<unknown> {
  return makeRelease({
    ...{ top: TOP, version, output, timeSeconds: 1 },
    architectures: [architectureOf(arch)],
    takeNode: async (architecture, folder) =>
      await takeLockedNode(TOP, architecture, { cache: join(cacheFolder(), "node-packages"), folder }),
  });
}
