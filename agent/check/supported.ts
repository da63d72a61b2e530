// The machines that eks-satellite is made for: what `check` compares with, and what docs/reference/compatibility.md says.

/** Distributions, by ID and VERSION_ID of /etc/os-release. */
export const OPERATING_SYSTEMS: readonly string[] = [
  "ubuntu 20.04",
  "ubuntu 22.04",
  "ubuntu 24.04",
  "debian 12",
  "debian 13",
];

/** Processors, by Node.js' name, with the kernel's name. */
export const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

export const MIN_MEMORY_BYTES = 2 * 2 ** 30;
