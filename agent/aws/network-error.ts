// Finds why a request was not answered: name resolution, connection, time-out or certificate. Each has its own remedy.
import { SatelliteError } from "../errors.ts";

/** What kept a request from being answered. */
export type NetworkProblem = "dns" | "refused" | "timeout" | "certificate" | "other";

const DNS_CODES = ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA"];
const REFUSED_CODES = ["ECONNREFUSED"];
const TIMEOUT_CODES = ["ETIMEDOUT", "ESOCKETTIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ABORT_ERR"];
const TIMEOUT_NAMES = ["TimeoutError", "AbortError"];
/** OpenSSL's verification results, as Node names them. */
const CERTIFICATE_CODES = [
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

/** Finds the problem in an error's cause chain. */
export function networkProblemOf(error: unknown): NetworkProblem {
  for (let link = error; link instanceof Error; link = link.cause) {
    const { code = "" } = link as { code?: unknown };
    if (link instanceof SatelliteError && link.code === "dns-failed") return "dns";
    if (DNS_CODES.includes(String(code))) return "dns";
    if (CERTIFICATE_CODES.includes(String(code))) return "certificate";
    if (REFUSED_CODES.includes(String(code))) return "refused";
    if (TIMEOUT_CODES.includes(String(code)) || TIMEOUT_NAMES.includes(link.name)) return "timeout";
  }
  return "other";
}
