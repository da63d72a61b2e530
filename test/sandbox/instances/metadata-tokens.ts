// The session tokens of EC2's metadata service (IMDSv2): who asks must have put a request for one before.
import { randomBytes } from "node:crypto";

/** AWS's own bound: six hours. */
const MAX_SECONDS = 21_600;
/** More than any test asks for: the oldest makes way. */
const MAX_TOKENS = 1000;

/** The tokens that the service gave out, each good for the instance that asked. */
export class MetadataTokens {
  readonly #tokens = new Map<string, { readonly id: string; readonly endsAt: number }>();
  readonly #now: () => number;

  /** `now` gives milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A new token for an instance and this many seconds; undefined where AWS answers 400. */
  create(id: string, seconds: string): string | undefined {
    if (!/^\d{1,5}$/.test(seconds)) return undefined;
    const lifetime = Number(seconds);
    if (lifetime < 1 || lifetime > MAX_SECONDS) return undefined;
    if (this.#tokens.size >= MAX_TOKENS) this.#tokens.delete(this.#tokens.keys().next().value ?? "");
    const token = randomBytes(40).toString("base64");
    this.#tokens.set(token, { id, endsAt: this.#now() + lifetime * 1000 });
    return token;
  }

  /** Whether the token is one of this instance, and valid now. */
  isValid(id: string, token: string): boolean {
    const found = this.#tokens.get(token);
    return found?.id === id && found.endsAt > this.#now();
  }
}
