// An image of kube-rbac-proxy: its program alone, as in its own image.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildKubeRbacProxy } from "./go-builds.ts";
import type { Image } from "./images.ts";
import { Progress } from "./step.ts";

/** The image under this tag, to be imported. */
export async function kubeRbacProxyImage(tag: string, progress = new Progress()): Promise<Image> {
  const content = await readFile(join(await buildKubeRbacProxy(progress), "kube-rbac-proxy"));
  const path = "usr/local/bin/kube-rbac-proxy";
  return { tag, files: [{ path, content, mode: 0o755 }], entrypoint: [`/${path}`] };
}
