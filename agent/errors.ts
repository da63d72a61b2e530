// Every failure that a person may see: a stable code, what failed with which value, and what to do about it.

/** Details of a {@link SatelliteError} beyond its code and message. */
export interface ErrorDetails {
  /** One sentence that says what to do: a command, a file to edit, or the AWS action to allow. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Errors that a person mends one by one, each with its own hint; the message joins theirs. */
  readonly parts?: readonly SatelliteError[];
}

/** The program's files each have a class of their own: an error of one is known in the others. */
const KIND = Symbol.for("eks-satellite.error");

/** An error with a stable, kebab-case code and a hint; the only kind that the agent throws on purpose. */
export class SatelliteError extends Error {
  static override [Symbol.hasInstance](value: unknown): value is SatelliteError {
    return typeof value === "object" && value !== null && KIND in value;
  }

  get [KIND](): true {
    return true;
  }

  readonly code: string;
  readonly hint: string | undefined;
  readonly parts: readonly SatelliteError[];

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "SatelliteError";
    this.code = code;
    this.hint = details.hint;
    this.parts = details.parts ?? [];
  }
}

/** What a log line, a condition or the terminal shows of an error. */
export interface ErrorDescription {
  readonly code: string;
  /** The messages of the whole cause chain, joined by `: `, repetitions left out. */
  readonly message: string;
  readonly hint: string | undefined;
}

/** Describes any thrown value; the code and the hint are those nearest to the top of its cause chain. */
export function describe(error: unknown): ErrorDescription {
  const chain = causeChain(error);
  const known = chain.filter((link) => link instanceof SatelliteError);
  const messages: string[] = [];
  for (const link of chain) {
    const message = link instanceof Error ? link.message : String(link);
    if (message !== "" && !messages.some((earlier) => earlier.includes(message))) messages.push(message);
  }
  return {
    code: known[0]?.code ?? systemCode(chain) ?? "unexpected",
    message: messages.join(": "),
    hint: known.find((link) => link.hint !== undefined)?.hint,
  };
}

/** Whether a thrown value is, or is caused by, a {@link SatelliteError} with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return causeChain(error).some((link) => link instanceof SatelliteError && link.code === code);
}

/** Closes a switch over a union: reaching it is a mistake that the compiler has already reported. */
export function assertNever(value: never): never {
  throw new SatelliteError("unexpected", `unhandled case ${JSON.stringify(value)}`);
}

function causeChain(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let link = error; link !== undefined && !chain.includes(link); ) {
    chain.push(link);
    link = link instanceof Error ? link.cause : undefined;
  }
  return chain;
}

/** Node's own errors carry codes such as ENOSPC; the first in the chain is worth showing. */
function systemCode(chain: readonly unknown[]): string | undefined {
  for (const link of chain) {
    const code = (link as { code?: unknown } | null)?.code;
    if (typeof code === "string") return code;
  }
  return undefined;
}
