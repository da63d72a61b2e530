// Certificate authorities that a machine is to trust: those of a proxy that inspects TLS, or of a mirror.
import { X509Certificate } from "node:crypto";
import { SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";

const MAX_BYTES = 64 * 1024;
const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Reads the certificates of a PEM file, and leaves out what else is in it. @throws options-invalid, file-unreadable */
export async function readAuthorities(host: LaptopHost, file: string): Promise<string> {
  const found = await host.files.readWithStatus(file, MAX_BYTES);
  const blocks = found?.text.match(BLOCK) ?? [];
  if (found === undefined || blocks.length === 0) {
    const problem = found === undefined ? "there is no such file" : "it has no certificate";
    throw new SatelliteError("options-invalid", `--ca ${file}: ${problem}`, {
      hint: "It holds certificates in PEM: -----BEGIN CERTIFICATE-----.",
    });
  }
  return blocks.map((block) => parseCertificate(block, file)).join("");
}

function parseCertificate(block: string, file: string): string {
  try {
    return new X509Certificate(block).toString();
  } catch (cause) {
    throw new SatelliteError("options-invalid", `--ca ${file}: a certificate in it cannot be read`, {
      hint: `openssl x509 -in ${file} -noout -text shows what is wrong.`,
      cause,
    });
  }
}
