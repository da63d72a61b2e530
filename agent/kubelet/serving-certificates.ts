// kubelet's serving certificates of another cluster or address: kubectl logs fails with x509 errors while kubelet keeps one (aws/eks-hybrid#413).
import { X509Certificate } from "node:crypto";
import { PATHS, statePaths } from "../config/paths.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Before kubelet's start, moves serving certificates away that the cluster's CA has not signed; kubelet then requests a new one. */
export async function retireForeignCertificates(
  host: Host,
  stateFolder: string,
  caPem: string,
  log: Log,
): Promise<void> {
  const { files, clock } = host;
  const current = await files.read(PATHS.servingCertificate);
  if (current === undefined || isSignedBy(current, caPem)) return;
  const folder = `${statePaths(stateFolder).retiredCertificates}/${clock.now()}`;
  await files.makeFolder(folder, 0o700);
  for (const name of await files.list(PATHS.kubeletPki)) {
    if (!name.startsWith("kubelet-server")) continue;
    const content = await files.read(`${PATHS.kubeletPki}/${name}`);
    if (content !== undefined) await files.write(`${folder}/${name}`, content, { mode: 0o600 });
    await files.remove(`${PATHS.kubeletPki}/${name}`);
  }
  log.info({ folder }, "kubelet's serving certificate was not signed by this cluster's CA and was moved away");
}

/**
 * The addresses that a serving certificate names, where the node's is not among them: `kubectl logs` fails with x509 errors until kubelet
 * has a new one. Undefined where it is, or where the certificate names no address.
 */
export function servesElsewhere(
  certificate: X509Certificate,
  address: string | undefined,
): readonly string[] | undefined {
  const named = [...(certificate.subjectAltName ?? "").matchAll(/IP Address:([^,]+)/g)].map(([, each = ""]) => each);
  if (address === undefined || named.length === 0 || certificate.checkIP(address) !== undefined) return undefined;
  return named;
}

/** A CA file may hold several certificates, while a cluster's CA is being replaced. */
export function isSignedBy(pem: string, caPem: string): boolean {
  try {
    const certificate = new X509Certificate(pem);
    return [...caPem.matchAll(CERTIFICATE)].some(([ca]) => certificate.verify(new X509Certificate(ca).publicKey));
  } catch {
    return false; // What is not a certificate is of no use to kubelet either.
  }
}
