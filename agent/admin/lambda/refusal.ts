// An answer that is no success, read: Lambda's own refusal, or the page of a proxy.
import type { SatelliteError } from "../../errors.ts";
import { answerInvalid, MAX_TEXT_LENGTH, plain, refusalError } from "./errors.ts";
import { errorAnswer } from "./shapes.ts";

/** An answer that is no success. */
export interface Refusal {
  /** E.g. POST /instance-operations/launch. */
  readonly call: string;
  readonly status: number;
  readonly body: string;
  /** Where the key came from, for errors about it. */
  readonly keySource: string;
}

const MAX_CODE_LENGTH = 80;

/** The error for it; 429 has its own, `rateLimited`. */
export function explainRefusal({ call, status, body, keySource }: Refusal): SatelliteError {
  const error = readError(body);
  const isForeign = status < 400 || (status < 500 && body.trimStart().startsWith("<"));
  if (error === undefined && isForeign) return foreignAnswer(call, status, body);
  const code = plain(error?.code ?? `HTTP ${status}`, MAX_CODE_LENGTH);
  const words = [error?.message, error?.suggestion].filter((text) => (text ?? "") !== "");
  const text = plain(words.join(" ") || (error === undefined ? titleOf(body) : ""), MAX_TEXT_LENGTH);
  const refused = `${call} was refused (${code})${text === "" ? "" : `: ${text}`}`;
  return refusalError({ call, keySource, code, text: refused }, status);
}

function readError(body: string) {
  try {
    return errorAnswer.safeParse(JSON.parse(body)).data?.error;
  } catch {
    return undefined; // A proxy's page, or nothing: the status decides.
  }
}

function foreignAnswer(call: string, status: number, body: string): SatelliteError {
  return answerInvalid(call, `HTTP ${status} with ${body.trim() === "" ? "nothing" : `a page: ${titleOf(body)}`}`);
}

/** A page's title, or how a text begins. */
function titleOf(body: string): string {
  const [, title] = /<title>([^<]{1,200})/i.exec(body.slice(0, 8192)) ?? [];
  return title ?? body.slice(0, 200);
}
