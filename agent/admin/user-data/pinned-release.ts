// One version of eks-satellite with its checksums: a launch template of today installs the same in half a year.
import { SatelliteError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { findNearest } from "../../nearest.ts";

export const RELEASE_ARCHITECTURES = ["amd64", "arm64"] as const;
export type ReleaseArchitecture = (typeof RELEASE_ARCHITECTURES)[number];

/** Where releases are, unless a mirror is named. */
export const DEFAULT_BASE_URL = "https://github.com/eks-satellite/eks-satellite/releases";

export interface PinnedRelease {
  readonly version: string;
  /** As the installer's EKS_SATELLITE_BASE_URL, without a slash at its end. */
  readonly baseUrl: string;
  /** SHA-256 of each architecture's tarball, hexadecimal. */
  readonly sums: Readonly<Partial<Record<ReleaseArchitecture, string>>>;
}

export interface ReleaseRequest {
  readonly version: string;
  readonly baseUrl: string;
  /** A SHA256SUMS on this machine; it is downloaded when left out. */
  readonly sumsFile?: string;
  /** Whether checksums may come over http, as the installer's EKS_SATELLITE_ALLOW_HTTP says. */
  readonly isHttpAllowed: boolean;
}

const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}(?:[-+][0-9A-Za-z.+-]{1,60})?$/;
/** A SHA256SUMS has a line for each file of a release. */
const MAX_SUMS_BYTES = 64 * 1024;
const TIMEOUT_SECONDS = 30;
const MAX_REDIRECTS = 5;

/** Pins a release. @throws options-invalid, release-not-found, release-unreachable, checksums-invalid, file-unreadable */
export async function pinRelease(host: Host, request: ReleaseRequest): Promise<PinnedRelease> {
  const version = request.version.replace(/^v/, "");
  const baseUrl = request.baseUrl.replace(/\/+$/, "");
  if (!VERSION.test(version))
    throw new SatelliteError("options-invalid", `--eks-satellite-version ${JSON.stringify(version)} is no version`, {
      hint: "It looks like 1.2.3.",
    });
  if (!/^https?:$/.test(URL.parse(baseUrl)?.protocol ?? "") || /[^\x21-\x7e]/.test(baseUrl))
    throw new SatelliteError("options-invalid", "EKS_SATELLITE_BASE_URL is not the URL of releases", {
      hint: "https://HOST/PATH, below which download/v1.2.3/ holds the files of a release.",
    });
  const { where, text } = await readSums(host, { ...request, version, baseUrl });
  return { version, baseUrl, sums: parseSums(text, version, where) };
}

interface Sums {
  readonly where: string;
  readonly text: string;
}

async function readSums(host: Host, { sumsFile, ...request }: ReleaseRequest): Promise<Sums> {
  if (sumsFile === undefined) return downloadSums(host, request);
  const found = await host.files.readWithStatus(sumsFile, MAX_SUMS_BYTES);
  if (found !== undefined) return { where: sumsFile, text: found.text };
  throw new SatelliteError("options-invalid", `--sums ${sumsFile}: there is no such file`, {
    hint: "It is the SHA256SUMS of the release.",
  });
}

async function downloadSums(host: Host, { version, baseUrl, isHttpAllowed }: ReleaseRequest): Promise<Sums> {
  const url = `${baseUrl}/download/v${version}/SHA256SUMS`;
  const where = withoutPassword(url);
  if (url.startsWith("http:") && !isHttpAllowed)
    throw new SatelliteError("options-invalid", `${where}: http is not trusted for checksums`, {
      hint: "https, or --sums FILE; EKS_SATELLITE_ALLOW_HTTP=yes for a mirror in a trusted network.",
    });
  const request = { url, timeoutSeconds: TIMEOUT_SECONDS, maxBytes: MAX_SUMS_BYTES, maxRedirects: MAX_REDIRECTS };
  const { status, body } = await host.fetch(request).catch((cause: unknown) => {
    throw new SatelliteError("release-unreachable", `${where} was not answered`, {
      hint: "Behind a proxy: HTTPS_PROXY. Without internet: --sums FILE with the release's SHA256SUMS.",
      cause,
    });
  });
  if (status === 200) return { where, text: body };
  throw new SatelliteError("release-not-found", `${where} was answered ${status}`, {
    hint: `Check that there is a release v${version}: --eks-satellite-version, EKS_SATELLITE_BASE_URL; or give its SHA256SUMS with --sums FILE.`,
  });
}

/** A mirror may have its password in its address. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//…@");
}

/** Finds the tarballs' checksums. @throws checksums-invalid */
function parseSums(text: string, version: string, where: string): PinnedRelease["sums"] {
  const lines = text.split("\n").map((line) => /^([0-9a-fA-F]{64}) [ *](\S{1,200})$/.exec(line.trimEnd()));
  const known = new Map(lines.flatMap((found) => (found === null ? [] : [[found[2] ?? "", found[1] ?? ""] as const])));
  const sums = RELEASE_ARCHITECTURES.flatMap((architecture) => {
    const sum = known.get(tarballOf(version, architecture));
    return sum === undefined ? [] : [[architecture, sum.toLowerCase()] as const];
  });
  if (sums.length > 0) return Object.fromEntries(sums);
  const wanted = tarballOf(version, "amd64");
  const nearest = findNearest(wanted, [...known.keys()], 20);
  throw new SatelliteError("checksums-invalid", `${where} has no checksum of ${wanted}`, {
    hint:
      nearest === undefined
        ? "It must be the SHA256SUMS of a release; a page in its place comes from a proxy or a login of the network."
        : `It is of another version: it has ${nearest}. Give that one with --eks-satellite-version.`,
  });
}

function tarballOf(version: string, architecture: ReleaseArchitecture): string {
  return `eks-satellite-${version}-linux-${architecture}.tar.gz`;
}
