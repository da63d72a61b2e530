// A pull that failed, out of kubelet's log: which registry it was.

/** kubelet's words (pkg/kubelet/cri/remote/remote_image.go), with the image's name quoted in `image=`. */
const FAILED_PULL = /"PullImage from image service failed".* image="([^"\s]+)"/;
/** Names without a registry are Docker Hub's. */
const DEFAULT_REGISTRY = "docker.io";

/** The registry of the image that a line says could not be pulled; undefined for any other line. */
export function failedPullOf(message: string): string | undefined {
  const [, image] = FAILED_PULL.exec(message) ?? [];
  if (image === undefined) return undefined;
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DEFAULT_REGISTRY;
}
