// Explains AWS's error codes to the user of this node.
import { SatelliteError } from "../errors.ts";

const EXPIRED = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const INVALID_KEYS = [
  "InvalidClientTokenId",
  // The code of EC2.
  "AuthFailure",
  "UnrecognizedClientException",
  "SignatureDoesNotMatch",
  "IncompleteSignature",
  "InvalidSignatureException",
];
const CLOCK = ["RequestTimeTooSkewed", "SignatureNotYetCurrent"];
/** The message of STS with the code SignatureDoesNotMatch. */
const CLOCK_WORDS = /^Signature (expired|not yet current)/;
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded/;
const DENIED = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"];

/** Code and hint for a denied action. Only the caller knows the remedy. */
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
      hint: "Renew the keys at their source; the daemon reads them again.",
      cause,
    });
  }
  if (CLOCK.includes(name) || CLOCK_WORDS.test(message)) {
    return new SatelliteError("clock-skewed", `${action} was refused: this machine's clock is off (${name})`, {
      hint: "Synchronize the clock: timedatectl set-ntp true. AWS accepts a difference of 5 minutes.",
      cause,
    });
  }
  if (INVALID_KEYS.includes(name)) {
    return new SatelliteError(
      "credentials-invalid",
      `${action} was refused: AWS does not accept these keys (${name})`,
      {
        hint: "Check that the access key exists, is active, and that its secret was copied completely.",
        cause,
      },
    );
  }
  const status = statusOf(cause);
  if (status !== undefined) {
    return new SatelliteError("aws-failed", `${action} was answered ${status} (${name})`, {
      hint: `${isAwsOwnProblem(cause) ? "AWS itself has a problem, or too many requests; nothing is wrong here. Running pods keep running. " : ""}Compare with the AWS Health Dashboard, and try again; the daemon repeats the call by itself.`,
      cause,
    });
  }
  return new SatelliteError("aws-unreachable", `${action} was not answered`, {
    hint: "Check this machine's network: DNS, firewall, HTTPS to the region's AWS endpoints. Running pods keep running.",
    cause,
  });
}

/** Whether AWS answered that it has a problem, or too many requests: then nothing is wrong with the call. */
export function isAwsOwnProblem(cause: unknown): boolean {
  const status = statusOf(cause) ?? 0;
  return status >= 500 || status === 429 || (status > 0 && THROTTLED.test((cause as { name?: string }).name ?? ""));
}

/** HTTP status of AWS's answer; undefined when there was none. */
function statusOf(cause: unknown): number | undefined {
  return (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
