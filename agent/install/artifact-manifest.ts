// EKS's manifest of artifacts: the builds of kubelet and the other node binaries, with their URLs and checksums. Mirrors that
// `nodeadm sync-artifacts` makes have the same shape (https://github.com/aws/eks-hybrid, internal/aws/manifest.go).
import { compare, valid } from "semver";
import { parse as parseYaml } from "yaml";
import * as z from "zod";
import { SatelliteError } from "../errors.ts";
import { optional } from "../optional.ts";

const artifactSchema = z.object({
  name: z.string(),
  arch: z.string(),
  os: z.string(),
  uri: z.string(),
  /** Go omits it where it is empty, as for artifacts that are only signed. What the agent installs must have one. */
  checksum_uri: z.string().optional(),
});
/** Go writes an empty list as null. */
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

/** The artifacts that the agent installs. The last is of a release of IAM Roles Anywhere, the others of Kubernetes. */
export const ARTIFACT_NAMES = ["kubelet", "ecr-credential-provider", "cni-plugins", "aws_signing_helper"] as const;
export type ArtifactName = (typeof ARTIFACT_NAMES)[number];

/** Where one artifact is. Both URLs are absolute. */
export interface ArtifactSource {
  readonly url: string;
  /** Undefined when the manifest names none; the artifact cannot be installed then. */
  readonly checksumUrl: string | undefined;
}

export interface ArtifactRelease {
  /** E.g. `1.34.4`. */
  readonly version: string;
  readonly sources: Readonly<Partial<Record<ArtifactName, ArtifactSource>>>;
}

/** The version to find: the newest patch of a minor version such as `1.34`, or exactly `1.34.4`. */
export type VersionSpec = { readonly minor: string } | { readonly version: string };

/** URL of AWS's own manifest in the partition of the region. */
export function defaultManifestUrl(region: string): string {
  return region.startsWith("cn-")
    ? "https://eks-hybrid-assets.awsstatic.cn/manifest.yaml"
    : "https://hybrid-assets.eks.amazonaws.com/manifest.yaml";
}

export const MAX_MANIFEST_BYTES = 8 * 2 ** 20;
/** A checksum's file may list those of a whole release. */
export const MAX_CHECKSUM_BYTES = 64 * 2 ** 10;
/** Lines, or members in brackets: EKS's own has some ten thousand, and each takes a hundredth of a millisecond or more to parse. */
const MAX_ENTRIES = 100_000;

/** Parses and validates a manifest. @throws manifest-invalid */
export function parseManifest(text: string, url: string): ArtifactManifest {
  const invalid = (why: string, cause?: unknown) =>
    new SatelliteError("manifest-invalid", `${url} is not a manifest of EKS's artifacts: ${why}`, {
      hint: "Something on the way, such as a proxy, may answer with a page of its own. Compare curl -v of it; artifacts.manifestUrl names another manifest.",
      ...optional({ cause }),
    });
  if (/^\s*</.test(text)) throw invalid("it is a page of HTML or XML");
  if (countEntries(text) > MAX_ENTRIES) throw invalid(`it has more than ${MAX_ENTRIES} entries`);
  let document: unknown;
  try {
    // The comparison of each key with every other takes a minute for 50,000 of them.
    document = parseYaml(text, { maxAliasCount: 0, uniqueKeys: false });
  } catch (cause) {
    throw invalid("it is not YAML", cause);
  }
  const parsed = manifestSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${issue?.path.join(".")}: ${issue?.message}`);
}

function countEntries(text: string): number {
  return text.length - text.replaceAll(/[\n,]/g, "").length;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Translates Node's name of an architecture to Go's. */
export function goArchitecture(architecture: string): string {
  return ARCHITECTURES[architecture] ?? architecture;
}

/** Whether the manifest lists exactly this release, e.g. `1.34.4`. */
export function isListed(manifest: ArtifactManifest, release: string | undefined): boolean {
  return manifest.supported_eks_releases.some(({ patch_releases }) =>
    patch_releases.some(({ version }) => version === release),
  );
}

/**
 * Finds a release, with its artifacts for this machine.
 * @param architecture in Go's spelling, `amd64` or `arm64`
 * @param url of the manifest, which its relative addresses are relative to
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
  // Of two builds of the same version the later one counts.
  const [newest] = fitting.toSorted(
    (one, other) =>
      compare(other.version, one.version) || (other.release_date ?? "").localeCompare(one.release_date ?? ""),
  );
  if (newest === undefined) {
    const known = [...new Set(releases.map(({ version }) => version))].join(", ");
    throw new SatelliteError(
      "release-unknown",
      `${url} has no release ${"version" in wanted ? wanted.version : `of version ${wanted.minor}`}; it has ${known || "none"}`,
      { hint: "Set kubelet.version to one of these, or update the mirror." },
    );
  }
  return toRelease(newest, architecture, url);
}

/** Finds the newest release of aws_signing_helper. @throws release-unknown */
export function findSigningHelper(manifest: ArtifactManifest, architecture: string, url: string): ArtifactRelease {
  const releases = manifest.iam_roles_anywhere_releases.filter(({ version }) => valid(version) !== null);
  const [newest] = releases.toSorted((one, other) => compare(other.version, one.version));
  if (newest !== undefined) return toRelease(newest, architecture, url);
  throw new SatelliteError("release-unknown", `${url} has no release of aws_signing_helper`, {
    hint: "Update the mirror, or install the program at credentials.rolesAnywhere.helper.",
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
    // Who answers for a manifest on the web does not choose files of this machine.
    const trusted = url.startsWith("file:") ? ["https:", "file:"] : ["https:"];
    const checksumUrl = found.checksum_uri === undefined ? undefined : resolveUri(found.checksum_uri, url, trusted);
    return [[name, { url: resolveUri(found.uri, url, [...trusted, "http:"]), checksumUrl }] as const];
  });
  return { version, sources: Object.fromEntries(sources) };
}

/**
 * Resolves an address of a manifest, absolute or relative to the manifest. A checksum's has a protocol on which it cannot be changed
 * in transit; the file that the checksum verifies may come over plain http.
 * @throws manifest-invalid
 */
function resolveUri(uri: string, manifestUrl: string, protocols: readonly string[]): string {
  const absolute = URL.parse(uri, manifestUrl);
  if (absolute !== null && protocols.includes(absolute.protocol)) return absolute.href;
  throw new SatelliteError(
    "manifest-invalid",
    `${manifestUrl} names ${uri}, which is not ${protocols.join(" or ").replaceAll(":", "")}`,
    {
      hint: "Use https addresses, or addresses relative to the manifest. A file may have an http address, its checksum may not.",
    },
  );
}

/** Reads the SHA-256 of a checksum file, whose lines are those of sha256sum(1). @throws checksum-unreadable */
export function parseChecksum(text: string, url: string): string {
  const sum = /^([0-9a-f]{64})(\s|$)/im.exec(text)?.[1];
  if (sum !== undefined) return sum.toLowerCase();
  throw new SatelliteError("checksum-unreadable", `${url} holds no SHA-256: ${text.trim().slice(0, 60)}`, {
    hint: "Nothing is installed without a checksum. Something on the way, such as a proxy, may answer with a page of its own.",
  });
}
