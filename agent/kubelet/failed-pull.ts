// Finds failed image pulls in kubelet's log, and the registry of each.
import type { KlogLine } from "./klog.ts";

/** kubelet's message (pkg/kubelet/cri/remote/remote_image.go), with the image's name as the value `image`. */
const FAILED_PULL = "PullImage from image service failed";
/** An image name without a registry is Docker Hub's. */
const DEFAULT_REGISTRY = "docker.io";

/** The registry of the image that a line says could not be pulled; undefined for any other line. */
export function failedPullOf({ text, values }: Pick<KlogLine, "text" | "values">): string | undefined {
  const image = text === FAILED_PULL ? values.get("image") : undefined;
  if (image === undefined) return undefined;
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DEFAULT_REGISTRY;
}
