// One version of eks-satellite with its checksums: a launch template of today installs the same in half a year.
import { SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { findNearest } from "../../nearest.ts";
import { VERSION as OWN_VERSION } from "../../version.ts";
import { RELEASE_KEYS } from "./release-keys.ts";
import { verifySums } from "./release-signature.ts";

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
  /** A SHA256SUMS on this machine, with its signature beside it; they are downloaded when left out. */
  readonly sumsFile?: string;
  /** A list of keys that may sign it, as ssh-keygen(1) has them; this program's own when left out. */
  readonly signersFile?: string;
  /** Whether the signature does not matter, as of an own build. */
  readonly isUnsignedAllowed: boolean;
  /** Whether checksums may come over http, as the installer's EKS_SATELLITE_ALLOW_HTTP says. */
  readonly isHttpAllowed: boolean;
}

const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}(?:[-+][0-9A-Za-z.+-]{1,60})?$/;
/** A SHA256SUMS has a line for each file of a release, a list of keys a line for each key. */
const MAX_BYTES = 64 * 1024;
const TIMEOUT_SECONDS = 30;
const MAX_REDIRECTS = 5;

/**
 * Pins a release whose checksums are signed.
 * @throws options-invalid, release-not-found, release-unreachable, checksums-invalid, release-unsigned, release-signature-invalid,
 *   release-key-unknown, release-key-outdated, file-unreadable
 */
export async function pinRelease(host: LaptopHost, request: ReleaseRequest): Promise<PinnedRelease> {
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
  const wanted = { ...request, version, baseUrl };
  const read = await readSums(host, wanted);
  const sums = parseSums(read.text, version, read.where);
  if (!request.isUnsignedAllowed) await verifySignature(host, wanted, read);
  return { version, baseUrl, sums };
}

interface Sums {
  readonly where: string;
  readonly text: string;
}

async function readSums(host: LaptopHost, request: ReleaseRequest): Promise<Sums> {
  const { sumsFile, version } = request;
  if (sumsFile === undefined) {
    const { where, status, text } = await download(host, request, "SHA256SUMS");
    if (status === 200) return { where, text };
    throw new SatelliteError("release-not-found", `${where} was answered ${status}`, {
      hint: `Check that there is a release v${version}: --eks-satellite-version, EKS_SATELLITE_BASE_URL; or give its SHA256SUMS with --sums FILE.`,
    });
  }
  const found = await host.files.readWithStatus(sumsFile, MAX_BYTES);
  if (found !== undefined) return { where: sumsFile, text: found.text };
  throw new SatelliteError("options-invalid", `--sums ${sumsFile}: there is no such file`, {
    hint: "It is the SHA256SUMS of the release.",
  });
}

async function verifySignature(host: LaptopHost, request: ReleaseRequest, { where, text: sums }: Sums): Promise<void> {
  const [signature, listed] = [await readSignature(host, request), await readSigners(host, request)];
  if (signature !== undefined)
    return verifySums({ sums, where, signature, ...listed, now: new Date(host.clock.now()) });
  throw new SatelliteError("release-unsigned", `${where} has no signature beside it`, {
    hint: `${where}.sig is the signature of a release. --allow-unsigned is for an own build.`,
  });
}

async function readSignature(host: LaptopHost, request: ReleaseRequest): Promise<string | undefined> {
  if (request.sumsFile !== undefined)
    return (await host.files.readWithStatus(`${request.sumsFile}.sig`, MAX_BYTES))?.text;
  const { where, status, text } = await download(host, request, "SHA256SUMS.sig");
  if (status === 200) return text;
  if (status === 404) return undefined;
  throw new SatelliteError("release-not-found", `${where} was answered ${status}`, {
    hint: "Check EKS_SATELLITE_BASE_URL; or give SHA256SUMS with --sums FILE, and SHA256SUMS.sig beside it.",
  });
}

async function readSigners(host: LaptopHost, { signersFile }: ReleaseRequest) {
  if (signersFile === undefined) return { signers: RELEASE_KEYS, signersOf: `eks-satellite ${OWN_VERSION}` };
  const found = await host.files.readWithStatus(signersFile, MAX_BYTES);
  if (found !== undefined) return { signers: found.text.split("\n"), signersOf: signersFile };
  throw new SatelliteError("options-invalid", `--allowed-signers ${signersFile}: there is no such file`, {
    hint: "It lists keys as ssh-keygen(1) has them below ALLOWED SIGNERS.",
  });
}

async function download(host: LaptopHost, { version, baseUrl, isHttpAllowed }: ReleaseRequest, name: string) {
  const url = `${baseUrl}/download/v${version}/${name}`;
  const where = withoutPassword(url);
  if (url.startsWith("http:") && !isHttpAllowed)
    throw new SatelliteError("options-invalid", `${where}: http is not trusted for checksums`, {
      hint: "https, or --sums FILE; EKS_SATELLITE_ALLOW_HTTP=yes for a mirror in a trusted network.",
    });
  const request = { url, timeoutSeconds: TIMEOUT_SECONDS, maxBytes: MAX_BYTES, maxRedirects: MAX_REDIRECTS };
  const { status, body: text } = await host.fetch(request).catch((cause: unknown) => {
    throw new SatelliteError("release-unreachable", `${where} was not answered`, {
      hint: "Behind a proxy: HTTPS_PROXY. Without internet: --sums FILE with the release's SHA256SUMS.",
      cause,
    });
  });
  return { where, status, text };
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
