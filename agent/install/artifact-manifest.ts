// EKS's manifest of artifacts: which builds of kubelet and its companions there are, where, and with which checksum. Mirrors that
// `nodeadm sync-artifacts` makes have the same shape (https://github.com/aws/eks-hybrid, internal/aws/manifest.go).
import { compare, valid } from "semver";
import { parse as parseYaml } from "yaml";
import * as z from "zod";
import { SatelliteError } from "../errors.ts";

const artifactSchema = z.object({
  name: z.string(),
  arch: z.string(),
  os: z.string(),
  uri: z.string(),
  /** Go leaves it out where it is empty, as for what is only signed; what the agent takes must have one. */
  checksum_uri: z.string().optional(),
});
/** Go writes a list that has nothing as null. */
const listOf = <Entry extends z.ZodType>(entry: Entry) =>
  z
    .array(entry)
    .nullish()
    .transform((list) => list ?? []);
const manifestSchema = z.object({
  iam_roles_anywhere_releases: listOf(z.object({ version: z.string(), artifacts: listOf(artifactSchema) })),
  supported_eks_releases: z.array(
    z.object({
      major_minor_version: z.coerce.string(),
      patch_releases: listOf(
        z.object({ version: z.string(), release_date: z.string().optional(), artifacts: listOf(artifactSchema) }),
      ),
    }),
  ),
});

export type ArtifactManifest = z.infer<typeof manifestSchema>;

/** What the agent takes from a release of Kubernetes, and, the last, from one of IAM Roles Anywhere's. */
export const ARTIFACT_NAMES = ["kubelet", "ecr-credential-provider", "cni-plugins", "aws_signing_helper"] as const;
export type ArtifactName = (typeof ARTIFACT_NAMES)[number];

/** Where one artifact is; both are absolute URLs. */
export interface ArtifactSource {
  readonly url: string;
  /** Undefined when the manifest names none: it cannot be installed then. */
  readonly checksumUrl: string | undefined;
}

export interface ArtifactRelease {
  /** E.g. `1.34.4`. */
  readonly version: string;
  readonly sources: Readonly<Partial<Record<ArtifactName, ArtifactSource>>>;
}

/** What is looked for: the newest patch of a minor version such as `1.34`, or one version such as `1.34.4`. */
export type VersionSpec = { readonly minor: string } | { readonly version: string };

/** AWS's own, by the region's partition. */
export function defaultManifestUrl(region: string): string {
  return region.startsWith("cn-")
    ? "https://eks-hybrid-assets.awsstatic.cn/manifest.yaml"
    : "https://hybrid-assets.eks.amazonaws.com/manifest.yaml";
}

/** @throws manifest-invalid */
export function parseManifest(text: string, url: string): ArtifactManifest {
  const invalid = (why: string, cause?: unknown) =>
    new SatelliteError("manifest-invalid", `${url} is no manifest of EKS's artifacts: ${why}`, {
      hint: "Something on the way may answer in its place, such as a proxy's page. Compare curl -v of it; artifacts.manifestUrl names another one.",
      ...(cause === undefined ? {} : { cause }),
    });
  if (/^\s*</.test(text)) throw invalid("it is a page of HTML or XML");
  let document: unknown;
  try {
    document = parseYaml(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw invalid("it is not YAML", cause);
  }
  const parsed = manifestSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${issue?.path.join(".")}: ${issue?.message}`);
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Go's name of an architecture that Node calls otherwise. */
export function goArchitecture(architecture: string): string {
  return ARCHITECTURES[architecture] ?? architecture;
}

/** Whether there is this very release, e.g. `1.34.4`. */
export function isListed(manifest: ArtifactManifest, release: string | undefined): boolean {
  return manifest.supported_eks_releases.some(({ patch_releases }) =>
    patch_releases.some(({ version }) => version === release),
  );
}

/**
 * The release that is wished for, with its artifacts for this machine.
 * @param architecture Go's name of it, `amd64` or `arm64`
 * @param url of the manifest: relative addresses in it are relative to that
 * @throws release-unknown, manifest-invalid
 */
export function findRelease(
  manifest: ArtifactManifest,
  wanted: VersionSpec,
  architecture: string,
  url: string,
): ArtifactRelease {
  const releases = manifest.supported_eks_releases.flatMap(({ patch_releases }) => patch_releases);
  const fitting = releases
    .filter(({ version }) => valid(version) !== null)
    .filter(({ version }) =>
      "version" in wanted ? version === wanted.version : version.startsWith(`${wanted.minor}.`),
    );
  // Of two builds of one version the later one counts.
  const [newest] = fitting.toSorted(
    (one, other) =>
      compare(other.version, one.version) || (other.release_date ?? "").localeCompare(one.release_date ?? ""),
  );
  if (newest === undefined) {
    const known = [...new Set(releases.map(({ version }) => version))].join(", ");
    throw new SatelliteError(
      "release-unknown",
      `${url} has no release ${"version" in wanted ? wanted.version : `of version ${wanted.minor}`}; it has ${known || "none"}`,
      { hint: "Set kubelet.version to one that is there, or bring the mirror up to date." },
    );
  }
  return toRelease(newest, architecture, url);
}

/** The newest release of aws_signing_helper. @throws release-unknown */
export function findSigningHelper(manifest: ArtifactManifest, architecture: string, url: string): ArtifactRelease {
  const releases = manifest.iam_roles_anywhere_releases.filter(({ version }) => valid(version) !== null);
  const [newest] = releases.toSorted((one, other) => compare(other.version, one.version));
  if (newest !== undefined) return toRelease(newest, architecture, url);
  throw new SatelliteError("release-unknown", `${url} has no release of aws_signing_helper`, {
    hint: "Bring the mirror up to date, or put the program where credentials.rolesAnywhere.helper is.",
  });
}

type Build = Pick<
  ArtifactManifest["supported_eks_releases"][number]["patch_releases"][number],
  "version" | "artifacts"
>;

function toRelease({ version, artifacts }: Build, architecture: string, url: string): ArtifactRelease {
  const own = artifacts.filter(({ arch, os }) => arch === architecture && os === "linux");
  const sources = ARTIFACT_NAMES.flatMap((name) => {
    const found = own.find((artifact) => artifact.name === name);
    if (found === undefined) return [];
    const checksumUrl = found.checksum_uri === undefined ? undefined : resolveUri(found.checksum_uri, url, TRUSTED);
    return [[name, { url: resolveUri(found.uri, url, [...TRUSTED, "http:"]), checksumUrl }] as const];
  });
  return { version, sources: Object.fromEntries(sources) };
}

/** Where nobody on the way changes a checksum; what the checksum is of may come in the clear. */
const TRUSTED = ["https:", "file:"];

/** What a manifest says is where it says it is, or beside it. @throws manifest-invalid */
function resolveUri(uri: string, manifestUrl: string, protocols: readonly string[]): string {
  const absolute = URL.parse(uri, manifestUrl);
  if (absolute !== null && protocols.includes(absolute.protocol)) return absolute.href;
  throw new SatelliteError(
    "manifest-invalid",
    `${manifestUrl} names ${uri}, which is not ${protocols.join(" or ").replaceAll(":", "")}`,
    {
      hint: "Addresses in a manifest are https, or relative to it; only a checksum's must be.",
    },
  );
}

/** The SHA-256 in a checksum file, lines as sha256sum(1) writes them. @throws checksum-unreadable */
export function parseChecksum(text: string, url: string): string {
  const sum = /^([0-9a-f]{64})(\s|$)/im.exec(text)?.[1];
  if (sum !== undefined) return sum.toLowerCase();
  throw new SatelliteError("checksum-unreadable", `${url} holds no SHA-256: ${text.trim().slice(0, 60)}`, {
    hint: "Nothing is installed without a checksum. Something on the way may answer in its place, such as a proxy's page.",
  });
}
