// The two container images that the sandbox needs, made from Debian's static busybox: no image registry is reachable.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type BaseChoice, baseTree } from "./machine/base.ts";
import type { Machine } from "./machine/machine.ts";
import { type Arch, hostArch, isForeign } from "./processor.ts";
import { renderTar, type TarEntry } from "./tar.ts";
import { waitFor } from "./wait.ts";

/** An image: one layer and what it runs. */
export interface Image {
  readonly tag: string;
  readonly files: readonly TarEntry[];
  readonly entrypoint: readonly string[];
  /** The host's when it is left out. */
  readonly arch?: Arch;
}

/** The image of the web application, and the page it serves. */
export const webImage = "docker.io/eks-satellite/web:1";
export const webPage = "hello from the satellite\n";

/** A shell as first process ends at SIGTERM, where a bare httpd or sleep would wait for SIGKILL. */
const untilTerminated = (command: string) => ["/bin/sh", "-c", `trap 'kill $!; exit' TERM INT; ${command} & wait`];

/** Imports the images into the machine's containerd, those that it has left out. */
export async function importImages(machine: Machine, base?: BaseChoice): Promise<void> {
  await importMissing(machine, await allImages(base));
}

/** Imports those of the images that the machine's containerd does not have. */
export async function importMissing(machine: Machine, images: readonly Image[]): Promise<void> {
  const ctr = (...args: string[]) => machine.run(["ctr", "--namespace", "k8s.io", "images", ...args]);
  const wait = { what: "containerd in the machine to answer", deadlineMs: 30_000 };
  const present = await waitFor(wait, async () => (await ctr("list", "--quiet")).stdout.split("\n"));
  const missing = images.filter(({ tag }) => !present.includes(tag));
  for (const [index, image] of missing.entries()) {
    const path = `/var/tmp/image-${index}.tar`;
    await machine.write(path, renderImage(image));
    await ctr("import", path);
    await machine.remove(path);
  }
}

async function allImages(base?: BaseChoice): Promise<Image[]> {
  const arch = base?.arch ?? hostArch;
  const files = await busyboxFiles(base && isForeign(arch) ? join(baseTree(base), "bin/busybox") : undefined);
  return [
    { tag: "registry.k8s.io/pause:3.10", files, entrypoint: untilTerminated("sleep 2147483647"), arch },
    { ...pageImage(webImage, webPage, files), arch },
  ];
}

/** The archive of an image that serves this page on port 8080. */
export async function renderPageImage(tag: string, page: string): Promise<Buffer> {
  return renderImage(pageImage(tag, page, await busyboxFiles()));
}

function pageImage(tag: string, page: string, busybox: readonly TarEntry[]): Image {
  const content = { path: "www/index.html", content: Buffer.from(page) };
  const serve = "echo serving; httpd -f -v -h /www -p 8080";
  return { tag, files: [...busybox, content], entrypoint: untilTerminated(serve) };
}

/** busybox under the names that the images use; by default the host's. */
export async function busyboxFiles(program = "/bin/busybox"): Promise<TarEntry[]> {
  const applets = ["sh", "cat", "httpd", "ls", "mkdir", "nslookup", "sleep", "wget"];
  return [
    { path: "bin/busybox", content: await readFile(program), mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTo: "busybox" })),
  ];
}

/** The archive that `docker save` writes, which containerd imports. */
export function renderImage({ tag, files, entrypoint, arch = hostArch }: Image): Buffer {
  const layer = renderTar(files);
  const config = Buffer.from(
    JSON.stringify({
      architecture: arch,
      os: "linux",
      config: { Entrypoint: entrypoint },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const manifest = [{ Config: `${sha256(config)}.json`, RepoTags: [tag], Layers: ["layer.tar"] }];
  return renderTar([
    { path: `${sha256(config)}.json`, content: config },
    { path: "layer.tar", content: layer },
    { path: "manifest.json", content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
