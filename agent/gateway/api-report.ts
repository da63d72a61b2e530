// Whether the API server answers: one line when it ceases to, or says something else, and one when all of it is followed again.
import { describe, hasCode } from "../errors.ts";
import type { Log } from "../log.ts";
import type { GatewaySession } from "./gateway-session.ts";

/** What the credentials and the cluster's description have to do with an answer. */
type Remedy = Pick<GatewaySession, "replaceToken" | "describeSoon">;

/** What is asked of the API server. Each may be refused by itself. */
export type Asked = "nodes" | "entries" | "services" | "own entry";

export interface AnswerSink {
  readonly onAnswer: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class ApiReport {
  readonly #log: Log;
  readonly #session: Remedy;
  /** Codes of what fails now. */
  readonly #failures = new Map<Asked, string>();
  #hasAnswered = false;

  constructor(log: Log, session: Remedy) {
    this.#log = log;
    this.#session = session;
  }

  /** Whether it answered, and refuses nothing. */
  get isFollowed(): boolean {
    return this.#hasAnswered && this.#failures.size === 0;
  }

  /** Where the answers to one question go. */
  of(asked: Asked): AnswerSink {
    return { onAnswer: () => this.#answered(asked), onFailure: (error) => this.#failed(asked, error) };
  }

  #answered(asked: Asked): void {
    this.#hasAnswered = true;
    if (this.#failures.delete(asked) && this.#failures.size === 0) this.#log.info("the cluster is followed again");
  }

  #failed(asked: Asked, error: unknown): void {
    const { code } = describe(error);
    const isKnown = [...this.#failures.values()].includes(code);
    this.#failures.set(asked, code);
    if (!isKnown) this.#log.warn({ err: error, asked }, "the cluster is not followed; the peers stay as they are");
    if (hasCode(error, "api-untrusted") || hasCode(error, "api-unreachable")) this.#session.describeSoon();
    if (hasCode(error, "api-unauthorized"))
      void this.#session.replaceToken().catch((err: unknown) => this.#log.warn({ err }, "the token was not replaced"));
  }
}
