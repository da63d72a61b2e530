// Finds failed image pulls in kubelet's log, and the registry of each.
import type { KlogLine } from "./klog.ts";

/** kubelet's message (pkg/kubelet/cri/remote/remote_image.go), with the image's name as the value `image`. */
const FAILED_PULL = "PullImage from image service failed";
/** An image name without a registry is Docker Hub's. */
const DEFAULT_REGISTRY = "docker.io";

/** An image's name is its author's: so many registries have a count of their own. */
const MAX_REGISTRIES = 50;
const MAX_HOST_NAME = 253;

/** Counts a failed pull; what comes after the first fifty registries counts as `other`. */
export function countFailedPull(counts: Map<string, number>, registry: string): void {
  const host = registry.slice(0, MAX_HOST_NAME);
  const name = counts.has(host) || counts.size < MAX_REGISTRIES ? host : "other";
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** The registry of the image that a line says could not be pulled; undefined for any other line. */
export function failedPullOf({ text, values }: Pick<KlogLine, "text" | "values">): string | undefined {
  const image = text === FAILED_PULL ? values.get("image") : undefined;
  if (image === undefined) return undefined;
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DEFAULT_REGISTRY;
}
