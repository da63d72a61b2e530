// The source of the AWS keys, looked at every few seconds: a rotation is noticed without anybody's restart.

import { CertificateWatch, type CertificateWatchOptions } from "./certificate-watch.ts";
import { readSourceState } from "./credential-source.ts";

/** Remembers the state of the source that was last looked at. */
export class SourceWatch {
  readonly #options: CertificateWatchOptions;
  readonly #certificate: CertificateWatch;
  #state: string | undefined;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#certificate = new CertificateWatch(options);
  }

  /** Digest of the state as last seen; empty before the first look. */
  get state(): string {
    return this.#state ?? "";
  }

  /** When the source's certificate ends, milliseconds since the epoch; undefined when it is none. */
  get certificateExpiresAtMs(): number | undefined {
    return this.#certificate.expiresAtMs;
  }

  /** Goes on from the state that an earlier run has seen, if it noted one. */
  restore(state: string | undefined): void {
    this.#state = state;
  }

  /** Looks once; true when the source says something else than it did: its old keys may be deleted already. */
  async look(): Promise<boolean> {
    await this.#certificate.look();
    const state = await readSourceState(this.#options.host, this.#options.config.credentials);
    const isChanged = this.#state !== undefined && this.#state !== state;
    this.#state = state;
    if (isChanged) this.#options.log.info("the source of the AWS keys has changed; it is read again");
    return isChanged;
  }
}
