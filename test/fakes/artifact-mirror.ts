// A mirror of EKS's artifacts, as text: the shape that EKS's own manifest has, with relative addresses.

const ARCHITECTURES = ["amd64", "arm64"] as const;
const NAMES = ["kubelet", "kubectl", "ecr-credential-provider", "cni-plugins"] as const;

/** The address of an artifact, relative to the manifest. */
export const artifactPath = (version: string, name: string, architecture = "amd64") =>
  `${version}/bin/linux/${architecture}/${name}${name === "cni-plugins" ? ".tgz" : ""}`;

/** The manifest of these versions, all of them supported. */
export function renderManifest(versions: readonly string[]): string {
  const minors = [...new Set(versions.map((version) => version.split(".").slice(0, 2).join(".")))];
  const releases = minors.flatMap((minor) => {
    const patches = versions.filter((version) => version.startsWith(`${minor}.`));
    return [
      `- major_minor_version: "${minor}"`,
      `  latest_patch_version: "${patches.at(-1)?.split(".")[2]}"`,
      "  patch_releases:",
      ...patches.flatMap((version) => [
        `  - version: ${version}`,
        `    patch_version: "${version.split(".")[2]}"`,
        "    release_date: 2026-01-02",
        "    artifacts:",
        ...ARCHITECTURES.flatMap((arch) => NAMES.flatMap((name) => renderArtifact(version, name, arch))),
      ]),
    ];
  });
  return `iam_roles_anywhere_releases:\n${renderHelpers()}\nsupported_eks_releases:\n${releases.join("\n")}\n`;
}

/** Two releases of aws_signing_helper, the newer one first, as nobody promises. */
function renderHelpers(): string {
  return ["1.7.3", "1.7.10", "1.6.0"]
    .flatMap((version) => [
      `- version: ${version}`,
      "  artifacts:",
      ...ARCHITECTURES.flatMap((arch) =>
        renderArtifact(version, "aws_signing_helper", arch).map((line) => line.slice(2)),
      ),
    ])
    .join("\n");
}

function renderArtifact(version: string, name: string, arch: string): readonly string[] {
  const path = artifactPath(version, name, arch);
  return [
    `    - name: ${name}`,
    `      arch: ${arch}`,
    "      os: linux",
    `      uri: ${path}`,
    `      checksum_uri: ${path}.sha256`,
  ];
}
