// Keeps the node's AWS keys and kubelet's token fresh: renews keys well before they expire, and mints tokens from them offline.
import type { Aws, SessionKeys } from "../host/aws.ts";
import { Backoff } from "../loop/backoff.ts";
import { Queue } from "../loop/queue.ts";
import type { CertificateWatchOptions } from "./certificate-watch.ts";
import { isLongLived, LONG_LIVED_KEYS, readSessionKeys } from "./credentials.ts";
import { type EksToken, mintEksToken } from "./eks-token.ts";
import { AT_ONCE, ageOf, isDue, isOlder, type MintedToken, planRenewal, type Renewal } from "./renewal.ts";
import { SessionFiles } from "./session-files.ts";
import { keysExpired, sessionMetrics, sessionStatus, timeInWords } from "./session-report.ts";
import { SourceWatch } from "./source-watch.ts";
import { findRefusal, isSameKeys } from "./validate-keys.ts";

/** Keys are renewed when this share of their life has passed, less a jitter of up to a tenth of it. */
const RENEW_AT_SHARE = 2 / 3;
const RENEW_JITTER_SHARE = 0.1;
/** The API server caches a refusal for some seconds, in which a new token is not replaced. */
const TOKEN_CHANCE_MS = 10_000;
/** Refused keys are verified with AWS at most this often: when the node's mapping is gone, the refusals last for days. */
const VERIFY_MS = 60_000;
const FIRST_RETRY_MS = 2000;
const MAX_RETRY_MS = 60_000;

/** A round has ended. With new keys, calls that failed may succeed. */
export type SessionEvent = { readonly kind: "credentials-round-ended" };

export interface AwsSessionOptions extends CertificateWatchOptions {
  readonly aws: Aws;
  readonly emit: (event: SessionEvent) => void;
}

/** Holds the newest keys and token, and keeps their files: both on tmpfs, and the keys on disk for a reboot while AWS is away. */
export class AwsSession {
  readonly #options: AwsSessionOptions;
  readonly #retry: Backoff;
  readonly #source: SourceWatch;
  readonly #files: SessionFiles;
  /** Two renewals side by side would call AWS twice, and write each other's files. */
  readonly #rounds = new Queue();
  readonly #mints = new Queue();
  #replacing: Promise<void> | undefined;
  #keys: SessionKeys | undefined;
  /** The state of the source when it gave the keys. While a rotation is incomplete, this is not its current state. */
  #keysSource = "";
  #token: MintedToken | undefined;
  #renewal: Renewal = AT_ONCE;
  /** After a failure, by the monotonic clock. */
  #notBeforeMs = 0;
  #verifiedMs = Number.NEGATIVE_INFINITY;
  /** Whether the files hold the newest keys. After a full disk they are written later, without a call of AWS. */
  #isWritten = false;

  constructor(options: AwsSessionOptions) {
    const { host } = options;
    this.#options = options;
    this.#source = new SourceWatch(options);
    this.#retry = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: host.random });
    this.#files = new SessionFiles(options);
  }

  /** Keys that have not expired. */
  get keys(): SessionKeys | undefined {
    const { host } = this.#options;
    return this.#keys !== undefined && (this.#keys.expiresAtMs ?? Number.POSITIVE_INFINITY) > host.clock.now()
      ? this.#keys
      : undefined;
  }

  /** When the next renewal is due, milliseconds since the epoch. */
  get renewAtMs(): number {
    const { clock } = this.#options.host;
    return Math.max(this.#renewal.atMs, clock.now() + this.#notBeforeMs - clock.monotonic());
  }

  /** When the certificate of the source expires, milliseconds since the epoch. */
  get certificateExpiresAtMs(): number | undefined {
    return this.#source.certificateExpiresAtMs;
  }

  /** The token that kubelet has. */
  get token(): EksToken | undefined {
    return this.#token;
  }

  status() {
    return sessionStatus(this);
  }

  metrics() {
    return sessionMetrics(this);
  }

  /** Adopts valid keys of an earlier run, so that neither a restart of the daemon nor a reboot needs AWS. */
  async restore(): Promise<void> {
    const stored = await this.#files.read();
    if (stored === undefined) return;
    this.#source.restore(stored.source);
    this.#adopt(stored.keys, stored.source ?? "");
    const { board, log } = this.#options;
    board.setTrue("CredentialsRenewed", "Restored", "the keys are of an earlier run, and still good");
    log.info({ expiresAt: timeInWords(stored.keys.expiresAtMs) }, "keys of the earlier run are still good");
    await this.#write(stored.keys).catch(() => undefined); // The first round follows, and reports what is wrong.
  }

  /** Renews what is due. CredentialsRenewed reports the renewal, CredentialsFresh the keys and token in use. */
  async round(): Promise<void> {
    await this.#rounds
      .run(() => this.#refresh())
      .finally(() => this.#options.emit({ kind: "credentials-round-ended" }));
  }

  async #refresh(): Promise<void> {
    const { config, board } = this.#options;
    const { clock } = this.#options.host;
    if (await this.#source.round()) {
      this.#renewNow();
      this.#retry.reset();
    }
    if (clock.monotonic() >= this.#notBeforeMs && isDue(this.#renewal, clock)) await this.#renew();
    const { keys } = this;
    try {
      if (keys !== undefined && !this.#isWritten) await this.#write(keys);
      if (keys !== undefined && isOlder(ageOf(this.#token, clock), config.intervals.tokenSeconds * 1000))
        await this.#mint();
      this.#report();
    } catch (error) {
      board.setFailed("CredentialsFresh", error);
    }
  }

  /**
   * Mints a token before its time, because the API server refused kubelet's. A token younger than 10 s is kept.
   * AWS is asked whether it still accepts the keys: revoked keys are renewed at once, a missing mapping is not a matter of keys.
   * kubelet complains in bursts: calls share one replacement.
   */
  replaceToken(): Promise<void> {
    this.#replacing ??= this.#replaceToken().finally(() => (this.#replacing = undefined));
    return this.#replacing;
  }

  async #replaceToken(): Promise<void> {
    const { host, log, board } = this.#options;
    const { keys } = this;
    if (keys === undefined || !isOlder(ageOf(this.#token, host.clock), TOKEN_CHANCE_MS)) return;
    log.info("the API server refused the token; another one is minted");
    await this.#mint().catch((error: unknown) => board.setFailed("CredentialsFresh", error));
    if (host.clock.monotonic() - this.#verifiedMs < VERIFY_MS) return;
    this.#verifiedMs = host.clock.monotonic();
    if ((await findRefusal(this.#options.aws, keys)) === undefined) return;
    await this.#rounds.run(async () => {
      if (this.keys !== keys) return; // A round has renewed them meanwhile.
      log.info("AWS no longer accepts the node's keys; they are renewed before their time");
      this.#renewNow();
      await this.#refresh();
    });
  }

  /** Tries keys from a file before they replace valid ones: the file may be half written. */
  async #tryOut(keys: SessionKeys): Promise<void> {
    const { aws, config } = this.#options;
    const present = this.keys;
    if (config.credentials.assumeRole !== undefined || present === undefined || isSameKeys(present, keys)) return;
    const refusal = await findRefusal(aws, keys);
    if (refusal !== undefined) throw refusal;
  }

  async #renew(): Promise<void> {
    const { host, aws, config, board, log } = this.#options;
    try {
      const keys = await readSessionKeys(host, aws, config);
      await this.#tryOut(keys);
      this.#retry.reset();
      this.#adopt(keys, this.#source.state);
      this.#reportRenewed(keys);
    } catch (err) {
      // The first retry comes with the next round, because the first wait of a backoff is 0.
      this.#notBeforeMs = host.clock.monotonic() + this.#retry.next(0);
      board.setFailed("CredentialsRenewed", err);
      if (this.keys === undefined) board.setFailed("CredentialsFresh", err);
      else if (this.#retry.failures === 1)
        log.info(
          { err, expiresAt: timeInWords(this.keys.expiresAtMs) },
          "AWS keys were not renewed; the present ones are still good",
        );
    }
  }

  #reportRenewed(keys: SessionKeys): void {
    const { board, log } = this.#options;
    if (isLongLived(keys)) {
      if (board.get("CredentialsRenewed").reason !== "LongLivedKeys")
        log.warn({ hint: LONG_LIVED_KEYS.hint }, LONG_LIVED_KEYS.message);
      board.set("CredentialsRenewed", { status: "True", reason: "LongLivedKeys", ...LONG_LIVED_KEYS });
      return;
    }
    board.setTrue("CredentialsRenewed", "Renewed", `AWS gave keys until ${timeInWords(keys.expiresAtMs)}`);
    log.info({ expiresAt: timeInWords(keys.expiresAtMs) }, "AWS keys renewed");
  }

  #adopt(keys: SessionKeys, source: string): void {
    const { clock, random } = this.#options.host;
    this.#keys = keys;
    this.#keysSource = source;
    this.#isWritten = false;
    this.#renewal = planRenewal(keys, clock, RENEW_AT_SHARE - RENEW_JITTER_SHARE * random());
  }

  #renewNow(): void {
    this.#renewal = AT_ONCE;
    this.#notBeforeMs = 0;
  }

  async #write(keys: SessionKeys): Promise<void> {
    await this.#files.writeKeys(keys, this.#keysSource);
    await this.#mint();
    this.#isWritten = true;
    await this.#files.writeCopy(keys, this.#keysSource);
  }

  /** Of the keys that there are when its turn comes: one token is written after the other, the newest last. */
  #mint(): Promise<void> {
    return this.#mints.run(() => this.#mintNow());
  }

  async #mintNow(): Promise<void> {
    const { host, config } = this.#options;
    const { keys } = this;
    if (keys === undefined) return;
    const mintedAtMs = host.clock.now();
    const mintedMs = host.clock.monotonic();
    const token = await mintEksToken(keys, config.cluster, mintedAtMs);
    await this.#files.writeToken(token.value);
    this.#token = { ...token, mintedAtMs, mintedMs };
  }

  #report(): void {
    const { board } = this.#options;
    const { keys } = this;
    if (keys !== undefined) {
      const isLate = this.#retry.failures > 0;
      board.setTrue(
        "CredentialsFresh",
        isLate ? "RenewalFailing" : "Fresh",
        `keys until ${timeInWords(keys.expiresAtMs)}, token until ${timeInWords(this.#token?.expiresAtMs)}`,
      );
    } else if (this.#keys !== undefined && board.isTrue("CredentialsFresh")) {
      board.setFailed("CredentialsFresh", keysExpired(this.#keys.expiresAtMs));
    }
  }
}
