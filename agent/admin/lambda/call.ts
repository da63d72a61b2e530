// One request to Lambda Cloud after another: each in its turn, answers bounded and checked against their shapes.
import { SatelliteError } from "../../errors.ts";
import type { HttpRequest, HttpResponse } from "../../host/host.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { Queue } from "../../loop/queue.ts";
import type { LambdaAccess } from "./access.ts";
import { answerInvalid, noAnswer, rateLimited } from "./errors.ts";
import { Pacing, pauseAfter } from "./pacing.ts";
import { explainRefusal } from "./refusal.ts";
import { ANSWERS, type AnswerOf, type BodyOf, type CallWithBody, type LambdaCall } from "./shapes.ts";

export interface CallOptions<Call extends LambdaCall> {
  /** For `{id}` in the path. */
  readonly id?: string;
  readonly body?: Call extends CallWithBody ? BodyOf<Call> : never;
  readonly signal?: AbortSignal | undefined;
}

export type CallLambda = <Call extends LambdaCall>(call: Call, options: CallOptions<Call>) => Promise<AnswerOf<Call>>;

type CallHost = Pick<LaptopHost, "fetch" | "clock">;

const TIMEOUT_SECONDS = 30;
/** A launch is not abandoned early: whether it made a machine would not be known. */
const LAUNCH_TIMEOUT_SECONDS = 90;
const LAUNCH = "POST /instance-operations/launch";
/** The images of all regions are some hundred kilobytes. */
const MAX_ANSWER_BYTES = 8 * 2 ** 20;
const TOO_MANY_REQUESTS = 429;
const MAX_PROBLEMS = 3;

/** Creates the way to ask. A process has one: its requests are counted together. */
export function createCallLambda(host: CallHost, access: LambdaAccess): CallLambda {
  const queue = new Queue();
  const pacing = new Pacing(host.clock);
  return async (call, options) => {
    const request = createRequest(access, call, options);
    const response = await queue.run(() => send({ host, access, pacing }, { call, request, signal: options.signal }));
    return readAnswer(call, response, access);
  };
}

function createRequest<Call extends LambdaCall>(
  { baseUrl, key }: LambdaAccess,
  call: Call,
  { id = "", body }: CallOptions<Call>,
): HttpRequest {
  const [method, path = ""] = call.split(" ") as [HttpRequest["method"], string];
  return {
    method,
    url: `${baseUrl}${path.replace("{id}", encodeURIComponent(id))}`,
    headers: {
      accept: "application/json",
      authorization: `Bearer ${key.reveal()}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeoutSeconds: call === LAUNCH ? LAUNCH_TIMEOUT_SECONDS : TIMEOUT_SECONDS,
    maxBytes: MAX_ANSWER_BYTES,
  };
}

interface Way {
  readonly host: CallHost;
  readonly access: LambdaAccess;
  readonly pacing: Pacing;
}

interface Sent {
  readonly call: LambdaCall;
  readonly request: HttpRequest;
  readonly signal: AbortSignal | undefined;
}

/** Sends it until the answer is another one than 429: such a request has had no effect. */
async function send({ host, access, pacing }: Way, { call, request, signal }: Sent): Promise<HttpResponse> {
  const isLaunch = call === LAUNCH;
  for (let refusals = 1; ; refusals += 1) {
    await pacing.turn(isLaunch, signal).catch((cause: unknown) => {
      throw new SatelliteError("interrupted", `interrupted before ${call}`, { cause });
    });
    const response = await host
      .fetch(request)
      .catch((cause: unknown) => {
        throw noAnswer(call, access.baseUrl, cause);
      })
      .finally(() => pacing.done(isLaunch));
    if (response.status !== TOO_MANY_REQUESTS) return response;
    const next = pauseAfter(response, refusals);
    if ("problem" in next) throw rateLimited(call, next.problem);
    pacing.pause(next.pauseMs);
  }
}

/** @throws lambda-answer-invalid and the codes of errors.ts */
function readAnswer<Call extends LambdaCall>(
  call: Call,
  { status, body }: HttpResponse,
  { keySource }: LambdaAccess,
): AnswerOf<Call> {
  if (status < 200 || status >= 300) throw explainRefusal({ call, status, body, keySource });
  const { success, data, error } = ANSWERS[call].safeParse(readData(call, status, body));
  if (success) return data as AnswerOf<Call>;
  // Paths and kinds alone: a value may be a secret.
  const problems = error.issues.slice(0, MAX_PROBLEMS).map(({ path, message }) => `data.${path.join(".")}: ${message}`);
  throw answerInvalid(call, problems.join("; "));
}

function readData(call: LambdaCall, status: number, body: string): unknown {
  if (status === 204) return undefined;
  try {
    const answer = JSON.parse(body) as { readonly data?: unknown } | null;
    if (typeof answer === "object" && answer !== null && "data" in answer) return answer.data;
  } catch {
    // Said below, without the text, which may be a page with anything in it.
  }
  throw answerInvalid(call, `HTTP ${status} with ${body.trimStart().startsWith("<") ? "a page" : "no data"}`);
}
