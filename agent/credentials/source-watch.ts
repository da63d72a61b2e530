// Watches the source of the AWS keys, so that a rotation is noticed without a restart.
import { CertificateWatch, type CertificateWatchOptions } from "./certificate-watch.ts";
import { readSourceState } from "./credential-source.ts";

/** Remembers the last state of the source. */
export class SourceWatch {
  readonly #options: CertificateWatchOptions;
  readonly #certificate: CertificateWatch;
  #state: string | undefined;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#certificate = new CertificateWatch(options);
  }

  /** Digest of the last state; empty before the first round. */
  get state(): string {
    return this.#state ?? "";
  }

  /** When the source's certificate expires, milliseconds since the epoch; undefined without a certificate. */
  get certificateExpiresAtMs(): number | undefined {
    return this.#certificate.expiresAtMs;
  }

  /** Continues from the state that an earlier run recorded, if it did. */
  restore(state: string | undefined): void {
    this.#state = state;
  }

  /** Checks once; returns whether the source has changed: its old keys may be deleted already. */
  async round(): Promise<boolean> {
    await this.#certificate.round();
    const state = await readSourceState(this.#options.host, this.#options.config.credentials);
    const isChanged = this.#state !== undefined && this.#state !== state;
    this.#state = state;
    if (isChanged) this.#options.log.info("the source of the AWS keys has changed; it is read again");
    return isChanged;
  }
}
