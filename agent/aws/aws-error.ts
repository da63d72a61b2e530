// What AWS's error codes mean to the person who runs this node.
import { SatelliteError } from "../errors.ts";

const EXPIRED = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const INVALID_KEYS = [
  "InvalidClientTokenId",
  // EC2's word for it.
  "AuthFailure",
  "UnrecognizedClientException",
  "SignatureDoesNotMatch",
  "IncompleteSignature",
  "InvalidSignatureException",
];
const CLOCK = ["RequestTimeTooSkewed", "SignatureNotYetCurrent"];
/** How STS words it under SignatureDoesNotMatch. */
const CLOCK_WORDS = /^Signature (expired|not yet current)/;
const DENIED = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"];

/** How to word the denial of one action, whose remedy only the caller knows. */
export interface Denial {
  readonly code: string;
  readonly hint: string;
}

/** Wraps an AWS error: `action` is AWS's name of the call, e.g. `eks:DescribeCluster`. */
export function explainAwsError(cause: unknown, action: string, denial: Denial): SatelliteError {
  const { name = "", message = "" } = cause as { name?: string; message?: string };
  if (DENIED.includes(name))
    return new SatelliteError(denial.code, `${action} was denied`, { hint: denial.hint, cause });
  if (EXPIRED.includes(name)) {
    return new SatelliteError("credentials-expired", `${action} was refused: the keys have expired`, {
      hint: "Renew the keys at their source; they are read again by themselves.",
      cause,
    });
  }
  if (CLOCK.includes(name) || CLOCK_WORDS.test(message)) {
    return new SatelliteError("clock-skewed", `${action} was refused: this machine's clock is off (${name})`, {
      hint: "Let timedatectl set-ntp true synchronise the clock; AWS accepts 5 minutes of difference.",
      cause,
    });
  }
  if (INVALID_KEYS.includes(name)) {
    return new SatelliteError(
      "credentials-invalid",
      `${action} was refused: AWS does not accept these keys (${name})`,
      {
        hint: "Check that the access key exists, is active, and that its secret was copied whole.",
        cause,
      },
    );
  }
  if (hasAnswer(cause)) {
    return new SatelliteError("aws-failed", `${action} failed (${name})`, {
      hint: "Compare with the AWS Health Dashboard; the call is repeated by itself.",
      cause,
    });
  }
  return new SatelliteError("aws-unreachable", `${action} was not answered`, {
    hint: "Check this machine's way out: DNS, firewall, HTTPS to the region's AWS endpoints. What runs keeps running meanwhile.",
    cause,
  });
}

/** The SDK notes the HTTP status of an answer; a connection that failed has none, and a 5xx is as good as none. */
function hasAnswer(cause: unknown): boolean {
  const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status !== undefined && status < 500;
}
