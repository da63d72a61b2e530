// Watches the certificate of IAM Roles Anywhere, and warns before it expires.
import type { ConditionBoard } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { isoTime } from "../time.ts";
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

/** Reports CertificateValid. The files are read again only when they have changed. */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  #known: { readonly state: string; readonly certificate: ClientCertificate } | undefined;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
  }

  /** When the current certificate expires, milliseconds since the epoch; undefined when none is used. */
  get expiresAtMs(): number | undefined {
    return this.#known?.certificate.expiresAtMs;
  }

  /** Checks once. Never throws. */
  async round(): Promise<void> {
    const { host, config, board } = this.#options;
    const { rolesAnywhere } = config.credentials;
    if (rolesAnywhere === undefined) {
      board.setTrue("CertificateValid", "NotUsed", "the source of the keys is not a certificate");
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
    const words = `${certificate.subject} until ${isoTime(certificate.expiresAtMs)}`;
    const message = renewal === "none" ? words : `${words}: put a new certificate at ${certificate.file}`;
    const isNews = board.get("CertificateValid").reason !== REASONS[renewal];
    board.setTrue("CertificateValid", REASONS[renewal], message);
    // Nothing is wrong yet, so the condition is true. Only this warning comes in time.
    if (isNews && renewal !== "none") log.warn(`the certificate's renewal is ${renewal}: ${message}`);
  }
}
