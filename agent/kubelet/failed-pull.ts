// Finds failed image pulls in kubelet's log, and the registry of each.

/** kubelet's message (pkg/kubelet/cri/remote/remote_image.go), with the image's name quoted in `image=`. */
const FAILED_PULL = /"PullImage from image service failed".* image="([^"\s]+)"/;
/** An image name without a registry is Docker Hub's. */
const DEFAULT_REGISTRY = "docker.io";

/** The registry of the image that a line says could not be pulled; undefined for any other line. */
export function failedPullOf(message: string): string | undefined {
  const [, image] = FAILED_PULL.exec(message) ?? [];
  if (image === undefined) return undefined;
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DEFAULT_REGISTRY;
}
