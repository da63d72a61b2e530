// Whether the API server answers: one line when it ceases to, or says something else, and one when it is back.
import { describe, hasCode } from "../errors.ts";
import type { Log } from "../log.ts";
import type { GatewaySession } from "./gateway-session.ts";

/** What the credentials and the cluster's description have to do with an answer. */
type Remedy = Pick<GatewaySession, "replaceToken" | "describeSoon">;

export class ApiReport {
  readonly #log: Log;
  readonly #session: Remedy;
  /** The code of the last failure; undefined while the API server answers. */
  #failure: string | undefined;
  #hasAnswered = false;

  constructor(log: Log, session: Remedy) {
    this.#log = log;
    this.#session = session;
  }

  get isReachable(): boolean {
    return this.#hasAnswered && this.#failure === undefined;
  }

  readonly onAnswer = (): void => {
    if (this.#failure !== undefined) this.#log.info("the API server answers again");
    this.#failure = undefined;
    this.#hasAnswered = true;
  };

  readonly onFailure = (error: unknown): void => {
    const { code } = describe(error);
    if (code !== this.#failure)
      this.#log.warn({ err: error }, "the cluster is not followed; the peers stay as they are");
    this.#failure = code;
    if (hasCode(error, "api-untrusted") || hasCode(error, "api-unreachable")) this.#session.describeSoon();
    if (hasCode(error, "api-unauthorized"))
      void this.#session.replaceToken().catch((err: unknown) => this.#log.warn({ err }, "the token was not replaced"));
  };
}
