// The certificate of IAM Roles Anywhere, looked at beside the keys that it brings: told of before it ends, not after.
import type { ConditionBoard } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import {
  type ClientCertificate,
  checkCertificateDates,
  readClientCertificate,
  renewalOf,
} from "./client-certificate.ts";
import { readSourceState } from "./credential-source.ts";

export interface CertificateWatchOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
  readonly board: ConditionBoard;
}

const REASONS = { none: "Valid", due: "RenewalDue", overdue: "RenewalOverdue" } as const;

/** Keeps CertificateValid; the files are read again only when they have changed. */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  #known: { readonly state: string; readonly certificate: ClientCertificate } | undefined;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
  }

  /** When the certificate that was last read ends, milliseconds since the epoch; undefined when none is used. */
  get expiresAtMs(): number | undefined {
    return this.#known?.certificate.expiresAtMs;
  }

  /** Looks once; never throws. */
  async look(): Promise<void> {
    const { host, config, board } = this.#options;
    const { rolesAnywhere } = config.credentials;
    if (rolesAnywhere === undefined) {
      board.setTrue("CertificateValid", "NotUsed", "the source of the keys is no certificate");
      return;
    }
    try {
      const state = await readSourceState(host, config.credentials);
      if (state !== this.#known?.state)
        this.#known = { state, certificate: await readClientCertificate(host, rolesAnywhere) };
      const { certificate } = this.#known;
      checkCertificateDates(certificate, host.clock.now());
      this.#report(certificate);
    } catch (error) {
      board.setFailed("CertificateValid", error);
    }
  }

  #report(certificate: ClientCertificate): void {
    const { host, board, log } = this.#options;
    const renewal = renewalOf(certificate, host.clock.now());
    const words = `${certificate.subject} until ${new Date(certificate.expiresAtMs).toISOString()}`;
    const message = renewal === "none" ? words : `${words}: put a new certificate at ${certificate.file}`;
    const isNews = board.get("CertificateValid").reason !== REASONS[renewal];
    board.setTrue("CertificateValid", REASONS[renewal], message);
    // Nothing is wrong yet, so the condition is true; but nobody else will tell in time.
    if (isNews && renewal !== "none") log.warn(`the certificate's renewal is ${renewal}: ${message}`);
  }
}
