// The two container images that the sandbox needs, made from Debian's static busybox: no image registry is reachable.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Machine } from "./machine/machine.ts";
import { renderTar, type TarEntry } from "./tar.ts";
import { waitFor } from "./wait.ts";

/** An image: one layer and what it runs. */
export interface Image {
  readonly tag: string;
  readonly files: readonly TarEntry[];
  readonly entrypoint: readonly string[];
}

/** The image of the web application, and the page it serves. */
export const webImage = "docker.io/eks-satellite/web:1";
export const webPage = "hello from the satellite\n";

/** A shell as first process ends at SIGTERM, where a bare httpd or sleep would wait for SIGKILL. */
const untilTerminated = (command: string) => ["/bin/sh", "-c", `trap 'kill $!; exit' TERM INT; ${command} & wait`];

/** Imports the images into the machine's containerd, those that it has left out. */
export async function importImages(machine: Machine): Promise<void> {
  await importMissing(machine, await allImages());
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

async function allImages(): Promise<Image[]> {
  const files = await busyboxFiles();
  return [
    { tag: "registry.k8s.io/pause:3.10", files, entrypoint: untilTerminated("sleep 2147483647") },
    await pageImage(webImage, webPage),
  ];
}

/** The archive of an image that serves this page on port 8080. */
export async function renderPageImage(tag: string, page: string): Promise<Buffer> {
  return renderImage(await pageImage(tag, page));
}

async function pageImage(tag: string, page: string): Promise<Image> {
  const content = { path: "www/index.html", content: Buffer.from(page) };
  const serve = "echo serving; httpd -f -v -h /www -p 8080";
  return { tag, files: [...(await busyboxFiles()), content], entrypoint: untilTerminated(serve) };
}

export async function busyboxFiles(): Promise<TarEntry[]> {
  const applets = ["sh", "cat", "httpd", "ls", "mkdir", "nslookup", "sleep", "wget"];
  return [
    { path: "bin/busybox", content: await readFile("/bin/busybox"), mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTo: "busybox" })),
  ];
}

/** The archive that `docker save` writes, which containerd imports. */
export function renderImage({ tag, files, entrypoint }: Image): Buffer {
  const layer = renderTar(files);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
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
