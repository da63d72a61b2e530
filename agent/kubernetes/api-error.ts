// What an answer of the API server means, or its silence: one table from status to error code, with a message and a hint for each.
import { type NetworkProblem, networkProblemOf } from "../aws/network-error.ts";
import { SatelliteError } from "../errors.ts";

/** A request that did not succeed. */
export interface ApiFailure {
  /** Method and path, or verb and object. */
  readonly request: string;
  /** Of the answer; undefined when there was none. */
  readonly status?: number;
  /** The answer's own words; empty when there was none. */
  readonly message: string;
  /** Why there was no answer. */
  readonly problem?: NetworkProblem;
}

interface ApiMeaning {
  /** Undefined: no answer. */
  readonly status: number | undefined;
  /** When one status has several meanings. */
  readonly applies?: (failure: ApiFailure) => boolean;
  readonly code: string;
}

/** The first row that applies counts; every other answer, 404, 429 and 5xx among them, is {@link OTHER_ANSWER}. */
const MEANINGS = [
  { status: undefined, applies: ({ problem }) => problem === "certificate", code: "api-untrusted" },
  { status: undefined, code: "api-unreachable" },
  { status: 401, code: "api-unauthorized" },
  { status: 403, applies: isAdmissionRefusal, code: "api-denied" },
  { status: 403, code: "api-forbidden" },
  { status: 409, code: "api-conflict" },
  // The history that a watch asks for is no longer there (Kubernetes API concepts, "410 Gone responses").
  { status: 410, code: "watch-ended" },
] as const satisfies readonly ApiMeaning[];

const OTHER_ANSWER = { code: "api-failed" } as const;

export type ApiErrorCode = (typeof MEANINGS)[number]["code"] | (typeof OTHER_ANSWER)["code"];

/** How an error is put to those who read it: what was refused to a node has another remedy than what was refused to an administrator. */
export type ApiErrorTexts = {
  readonly [code in ApiErrorCode]: (failure: ApiFailure) => { readonly message: string; readonly hint?: string };
};

/** Reads the table. */
export function codeOf(failure: ApiFailure): ApiErrorCode {
  const rows: readonly (ApiMeaning & { readonly code: ApiErrorCode })[] = MEANINGS;
  const row = rows.find(({ status, applies }) => status === failure.status && (applies?.(failure) ?? true));
  return row?.code ?? OTHER_ANSWER.code;
}

/** The error of an answer that is not a success. @param body as it came */
export function answerError(
  texts: ApiErrorTexts,
  { request, status, body }: { readonly request: string; readonly status: number; readonly body: string },
): SatelliteError {
  return toError(texts, { request, status, message: readMessage(body) });
}

/** The error of a request without an answer. */
export function silenceError(texts: ApiErrorTexts, request: string, cause: unknown): SatelliteError {
  return toError(texts, { request, message: "", problem: networkProblemOf(cause) }, cause);
}

/** The error of what `@kubernetes/client-node` threw: its ApiException has the status in `code` and the text in `body`. */
export function thrownError(texts: ApiErrorTexts, request: string, thrown: unknown): SatelliteError {
  const { code: status, body = "" } = thrown as { readonly code?: unknown; readonly body?: unknown };
  if (typeof status !== "number") return silenceError(texts, request, thrown);
  return answerError(texts, { request, status, body: typeof body === "string" ? body : JSON.stringify(body) });
}

function toError(texts: ApiErrorTexts, failure: ApiFailure, cause?: unknown): SatelliteError {
  const code = codeOf(failure);
  const { message, ...hint } = texts[code](failure);
  return new SatelliteError(code, message, { ...hint, cause });
}

/** What NodeRestriction, a webhook or a policy says when it refuses a request of an identity that it knows. */
const ADMISSION_REFUSALS = [
  // Without a name it speaks of the Node's own labels, taints or owners.
  /is forbidden: (?:node "[^"]*" )?(?:is not allowed to|can only) /,
  /^admission webhook "[^"]*" denied the request/,
  /ValidatingAdmissionPolicy '[^']{0,300}'.{0,300} denied request/,
  /is forbidden: (?:exceeded quota|unable to create new content in namespace|violates PodSecurity)/,
  // A proxy's page, which is no answer of the API server's.
  /^\s{0,100}<(?:!doctype|html)\b/i,
] as const;
/** `node "a" is not allowed to modify node "b"`: the node that asks is not the one that it asks for. */
const OTHER_NODE = /node "([^"]*)" is not allowed to \w+ node "(?!\1")/;

/** NodeRestriction, a webhook, a policy, a quota, a name space that ends; or a proxy's page, which is no answer of the API server's. */
function isAdmissionRefusal({ message }: ApiFailure): boolean {
  return ADMISSION_REFUSALS.some((pattern) => pattern.test(message)) && !OTHER_NODE.test(message);
}

/** `message` of a metav1.Status, or the beginning of whatever came in its place. */
function readMessage(body: string): string {
  const start = () => body.slice(0, 200);
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    return typeof message === "string" ? message : start();
  } catch {
    return start(); // Not the API server's own answer: a proxy's page, say.
  }
}
