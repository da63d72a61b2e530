// The certificate with which this machine proves itself to IAM Roles Anywhere: whether it and its key are one, and how long it lasts.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
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
/** What is left when renewing is due and overdue: of a year's certificate a month and a week, of a shorter one a share of its life. */
const DUE = { leftMs: 30 * DAY_MS, share: 1 / 3 };
const OVERDUE = { leftMs: 7 * DAY_MS, share: 1 / 10 };
/** A key in a TPM, which only the TPM can compare. */
const TPM_KEY = "-----BEGIN TSS2 PRIVATE KEY-----";

/**
 * Reads a certificate and compares it with its private key; its dates are another matter.
 * @throws certificate-missing, certificate-invalid, certificate-key-invalid, certificate-key-mismatch, credentials-missing, credentials-exposed
 */
export async function readClientCertificate(host: Host, files: CertificateFiles): Promise<ClientCertificate> {
  const file = files.certificate;
  const text = await host.files.read(file);
  if (text === undefined) {
    throw new SatelliteError("certificate-missing", `there is no certificate ${file}`, {
      hint: "Put this machine's certificate there (PEM), or correct credentials.rolesAnywhere.certificate.",
    });
  }
  const certificate = parseCertificate(text, file);
  const keyText = await readPrivateFile(host, files.privateKey);
  if (!keyText.includes(TPM_KEY) && !certificate.checkPrivateKey(parseKey(keyText, files.privateKey))) {
    throw new SatelliteError("certificate-key-mismatch", `${files.privateKey} is not the key of ${file}`, {
      hint: "Put both files of one issue there; while they are being replaced this mends itself.",
    });
  }
  return {
    file,
    subject: certificate.subject.replaceAll("\n", ", "),
    notBeforeMs: Date.parse(certificate.validFrom),
    expiresAtMs: Date.parse(certificate.validTo),
  };
}

/** @throws certificate-expired, certificate-not-yet-valid */
export function checkCertificateDates({ file, notBeforeMs, expiresAtMs }: ClientCertificate, nowMs: number): void {
  if (nowMs >= expiresAtMs) {
    throw new SatelliteError("certificate-expired", `${file} ended at ${new Date(expiresAtMs).toISOString()}`, {
      hint: "Get a new certificate from its authority and put it there; it is read again by itself.",
    });
  }
  if (nowMs < notBeforeMs) {
    throw new SatelliteError(
      "certificate-not-yet-valid",
      `${file} begins only at ${new Date(notBeforeMs).toISOString()}`,
      { hint: "Compare this machine's clock (timedatectl); if it is right, get a certificate that is valid now." },
    );
  }
}

/** Whether it is time for a new certificate. */
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

/** OpenSSL's own words say less than what the file is not. */
function parse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
