// The certificate with which this machine authenticates to IAM Roles Anywhere: whether it fits its key, and how long it is valid.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { isoTime } from "../time.ts";
import { readPrivateFile } from "./private-file.ts";

export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface ClientCertificate {
  readonly file: string;
  /** On one line, e.g. `CN=gpu-1`. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Remaining life at which a renewal is due or overdue: a month and a week of a year's certificate, a share of a shorter life. */
const DUE = { leftMs: 30 * DAY_MS, share: 1 / 3 };
const OVERDUE = { leftMs: 7 * DAY_MS, share: 1 / 10 };
/** A key in a TPM. Only the TPM could compare it. */
const TPM_KEY = "-----BEGIN TSS2 PRIVATE KEY-----";

/**
 * Reads a certificate and compares it with its private key, but does not check its dates.
 * @throws certificate-missing, certificate-invalid, certificate-key-invalid, certificate-key-mismatch, credentials-missing, credentials-exposed
 */
export async function readClientCertificate(host: Host, files: CertificateFiles): Promise<ClientCertificate> {
  const file = files.certificate;
  const text = await host.files.read(file);
  if (text === undefined) {
    throw new SatelliteError("certificate-missing", `there is no certificate ${file}`, {
      hint: "Install this machine's certificate there (PEM), or correct credentials.rolesAnywhere.certificate.",
    });
  }
  const certificate = parseCertificate(text, file);
  const keyText = await readPrivateFile(host, files.privateKey);
  if (!keyText.includes(TPM_KEY) && !certificate.checkPrivateKey(parseKey(keyText, files.privateKey))) {
    throw new SatelliteError("certificate-key-mismatch", `${files.privateKey} is not the key of ${file}`, {
      hint: "Install certificate and key of the same issue; while they are being replaced this passes by itself.",
    });
  }
  return {
    file,
    subject: certificate.subject.replaceAll("\n", ", "),
    notBeforeMs: Date.parse(certificate.validFrom),
    expiresAtMs: Date.parse(certificate.validTo),
  };
}

/** Checks that a certificate is valid now. @throws certificate-expired, certificate-not-yet-valid */
export function checkCertificateDates({ file, notBeforeMs, expiresAtMs }: ClientCertificate, nowMs: number): void {
  if (nowMs >= expiresAtMs) {
    throw new SatelliteError("certificate-expired", `${file} expired at ${isoTime(expiresAtMs)}`, {
      hint: "Get a new certificate from its authority and install it there; the daemon reads it again.",
    });
  }
  if (nowMs < notBeforeMs) {
    throw new SatelliteError("certificate-not-yet-valid", `${file} is valid only from ${isoTime(notBeforeMs)}`, {
      hint: "Compare this machine's clock (timedatectl); if it is right, get a certificate that is valid now.",
    });
  }
}

/** Decides whether it is time for a new certificate. */
export function renewalOf({ notBeforeMs, expiresAtMs }: ClientCertificate, nowMs: number): "none" | "due" | "overdue" {
  const lifeMs = expiresAtMs - notBeforeMs;
  const isPast = ({ leftMs, share }: typeof DUE) => expiresAtMs - nowMs <= Math.min(leftMs, lifeMs * share);
  if (isPast(OVERDUE)) return "overdue";
  return isPast(DUE) ? "due" : "none";
}

function parseCertificate(text: string, file: string): X509Certificate {
  const parsed = parse(() => new X509Certificate(text));
  if (parsed !== undefined && !parsed.ca) return parsed;
  const what = parsed === undefined ? "is not a PEM certificate" : "is the certificate of an authority";
  throw new SatelliteError("certificate-invalid", `${file} ${what}`, {
    hint: `It must begin with this machine's own certificate: openssl x509 -in ${file} -noout -text.`,
  });
}

function parseKey(text: string, file: string) {
  const key = parse(() => createPrivateKey(text));
  if (key !== undefined) return key;
  const what = text.includes("ENCRYPTED") ? "is encrypted" : "is not a PEM private key";
  throw new SatelliteError("certificate-key-invalid", `${file} ${what}`, {
    hint: `Write it as plain PEM (openssl pkey -in … -out ${file}), mode 0600; for a key in a token or TPM use credentials.process.`,
  });
}

/** Parses, or returns undefined: OpenSSL's messages say less than the error that the caller throws. */
function parse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
