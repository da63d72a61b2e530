// Every refusal of Lambda Cloud as an error of ours that says what to do. The code decides; the texts of Lambda change.
import { describe, SatelliteError } from "../../errors.ts";
import { cutText, oneLine, withoutControls } from "../../foreign-text.ts";
import { findNearest } from "../../nearest.ts";

/** What Lambda refused. */
export interface Said {
  readonly call: string;
  /** Where the key came from, for errors about it. */
  readonly keySource: string;
  /** Lambda's code, or the HTTP status where there is none. */
  readonly code: string;
  /** What was refused, with Lambda's own words. */
  readonly text: string;
}

type Explain = (said: Said) => SatelliteError;

/** Lambda's words are a sentence or two. */
export const MAX_TEXT_LENGTH = 400;
const MAX_NAMES = 12;
const DONE_OR_NOT = " What was asked may have been done: eks-satellite machine list shows it.";
const CONSOLE = "https://cloud.lambda.ai";

const BY_CODE: ReadonlyMap<string, Explain> = new Map([
  ["global/invalid-api-key", keyInvalid],
  ["global/account-inactive", accountBlocked],
  ["global/invalid-address", accountBlocked],
  ["global/forbidden", forbidden],
  ["global/invalid-parameters", invalidParameters],
  ["global/object-does-not-exist", notFound],
  ["global/not-found", notFound],
  ["global/quota-exceeded", quotaExceeded],
  ["global/conflict", conflict],
  ["global/duplicate", duplicate],
  ["global/internal-error", trouble],
  ["instance-operations/launch/insufficient-capacity", noCapacity],
  ["instance-operations/launch/file-system-in-wrong-region", fileSystemElsewhere],
  ["firewall-rulesets/firewall-ruleset-in-use", inUse],
  ["filesystems/filesystem-in-use", inUse],
]);

const BY_STATUS: ReadonlyMap<number, Explain> = new Map([
  [401, keyInvalid],
  [403, forbidden],
  [404, notFound],
  [409, conflict],
]);

/** The error for a refusal. @param status of HTTP; it decides where the code is not known */
export function refusalError(said: Said, status: number): SatelliteError {
  return (explainerOf(said.code, status) ?? refused)(said);
}

function explainerOf(code: string, status: number): Explain | undefined {
  if (BY_CODE.has(code)) return BY_CODE.get(code);
  return code.startsWith("provider/") || status >= 500 ? trouble : BY_STATUS.get(status);
}

/** Text of others, fit for a message. */
export function plain(text: string, maxLength: number): string {
  return cutText(oneLine(withoutControls(text)).trim(), maxLength);
}

/** Whether the call may have had its effect all the same: read again before another try. */
export function isOutcomeUnknown(error: unknown): boolean {
  return ["lambda-no-answer", "lambda-trouble", "lambda-answer-invalid"].includes(describe(error).code);
}

/** No whole answer came. */
export function noAnswer(call: string, baseUrl: string, cause: unknown): SatelliteError {
  const open = call.startsWith("GET ") ? "" : DONE_OR_NOT;
  return new SatelliteError("lambda-no-answer", `${call} got no answer from ${baseUrl}`, {
    hint: `Compare: curl ${baseUrl}/instance-types. HTTPS_PROXY and NO_PROXY are honoured.${open}`,
    cause,
  });
}

/** A success that is none of Lambda's answers. @param problem what of it is not as the API's document has it */
export function answerInvalid(call: string, problem: string): SatelliteError {
  return new SatelliteError(
    "lambda-answer-invalid",
    `the answer to ${call} is not as Lambda's API has it: ${plain(problem, MAX_TEXT_LENGTH)}`,
    {
      hint: "A proxy may have answered: look at HTTPS_PROXY and LAMBDA_CLOUD_BASE_URL. If Lambda did, look for a newer eks-satellite.",
    },
  );
}

/** 429 to the end. */
export function rateLimited(call: string, reason: string): SatelliteError {
  return new SatelliteError("lambda-rate-limited", `${call} was answered 429: ${reason}`, {
    hint: "Lambda counts the requests of all that use the account, one a second and one launch in 12 s: stop other programs that poll it, and run this again.",
  });
}

/** A name that Lambda does not have. @param what in a message's words, e.g. `type of machine` */
export function unknownName(what: string, wanted: string, known: readonly string[]): SatelliteError {
  const nearest = findNearest(wanted, known);
  const shown = known.toSorted().slice(0, MAX_NAMES).join(", ") || "none";
  const more = known.length > MAX_NAMES ? `, and ${known.length - MAX_NAMES} more` : "";
  return new SatelliteError("lambda-not-found", `Lambda Cloud has no ${what} ${wanted}`, {
    hint: `${nearest === undefined ? "" : `Is ${nearest} meant? `}There are: ${shown}${more}.`,
  });
}

function keyInvalid({ text, keySource }: Said): SatelliteError {
  return new SatelliteError("lambda-key-invalid", `${text} (the key of ${keySource})`, {
    hint: `Make a key at ${CONSOLE}/api-keys, and give it by LAMBDA_API_KEY or --lambda-key-file.`,
  });
}

function accountBlocked({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-account-blocked", text, {
    hint: `Verify the e-mail address, the payment and the billing address at ${CONSOLE}: the account cannot do this until then.`,
  });
}

function forbidden({ text, keySource }: Said): SatelliteError {
  return new SatelliteError("lambda-forbidden", text, {
    hint: `The workspace of the key of ${keySource} may not do this: use a key of another (${CONSOLE}/api-keys), or ask the account's owner.`,
  });
}

function invalidParameters({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-parameters-invalid", text, {
    hint: "Lambda's words name the option that it does not take. If none of the options is meant, report this with them.",
  });
}

function notFound({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-not-found", text, {
    hint: "Another program removed it, or the name is another: eks-satellite machine types and eks-satellite machine list show what there is.",
  });
}

function quotaExceeded({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-quota-exceeded", text, {
    hint: "Terminate a machine, or ask Lambda's support for a larger quota: another try would be refused too.",
  });
}

function noCapacity({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-no-capacity", text, {
    hint: "Another region or type may have some: eks-satellite machine types. --wait-for-capacity 1h waits for it.",
  });
}

function fileSystemElsewhere({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-file-system-elsewhere", text, {
    hint: "A file system can be attached in its own region alone: choose that region with --cloud-region, or another file system.",
  });
}

function inUse({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-in-use", text, {
    hint: "Terminate the machines that use it first: eks-satellite machine list.",
  });
}

function conflict({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-conflict", text, {
    hint: "Something else is being done to it, or was: eks-satellite machine show NAME says what. Then run this again.",
  });
}

function duplicate({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-duplicate", text, {
    hint: "One of this name exists: use it, or choose another name.",
  });
}

function trouble({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-trouble", text, {
    hint: "The trouble is on Lambda's side. What was asked may have been done: eks-satellite machine list shows it; then run this again.",
  });
}

function refused({ text }: Said): SatelliteError {
  return new SatelliteError("lambda-refused", text, {
    hint: "This version does not know that code: Lambda's words say what it means.",
  });
}
