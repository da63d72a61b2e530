// One archive of many images, as `docker save` writes it: layers that several images share are in it once.
import { createHash } from "node:crypto";
import { renderTar } from "../sandbox/tar.ts";

/** What an image runs, in the words of its configuration. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly User?: string;
}

/** An image of any number of layers, each a tar archive. */
export interface LayeredImage {
  readonly tag: string;
  readonly layers: readonly Buffer[];
  readonly config: ImageConfig;
}

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/";

/** The archive of the images. */
export function renderArchive(images: readonly LayeredImage[]): Buffer {
  const files = new Map<string, Buffer>();
  const digests = new Map<Buffer, string>();
  const digestOf = (layer: Buffer) => {
    const digest = digests.get(layer) ?? sha256(layer);
    digests.set(layer, digest);
    return digest;
  };
  const manifest = images.map(({ tag, layers, config }) => {
    const names = layers.map((layer) => `${digestOf(layer)}.tar`);
    for (const [index, name] of names.entries()) files.set(name, layers[index] ?? Buffer.alloc(0));
    const text = renderConfig(config, layers.map(digestOf));
    const name = `${sha256(text)}.json`;
    files.set(name, text);
    return { Config: name, RepoTags: [tag], Layers: names };
  });
  files.set("manifest.json", Buffer.from(JSON.stringify(manifest)));
  return renderTar([...files].map(([name, content]) => ({ path: name, content })));
}

function renderConfig(config: ImageConfig, digests: readonly string[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: { Env: [path], ...config },
      rootfs: { type: "layers", diff_ids: digests.map((digest) => `sha256:${digest}`) },
    }),
  );
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
