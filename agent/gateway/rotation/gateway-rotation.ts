// Changes the gateway's key, by schedule or at an administrator's word. Satellites hear the moment before, and follow half a second later.
import type { Host } from "../../host/host.ts";
import type { Log } from "../../log.ts";
import type { NetworkEntry } from "../../tunnel/entries.ts";
import type { GatewayHealth } from "../../tunnel/health.ts";
import type { GatewayKey } from "./gateway-key.ts";
import { wg } from "./peer-switch.ts";
import type { Turns } from "./turns.ts";

const DAY_MS = 24 * 60 * 60_000;
/** Each satellite asks for the gateway's health once a minute, and hears of the change then. */
export const ANNOUNCED_MS = 90_000;
/** A round of the gateway that is under way has ended by then. */
const TURN_MS = 3000;
/** An administrator's clock and the gateway's differ by less. */
const SKEW_MS = 5 * 60_000;

export interface GatewayRotationOptions {
  readonly host: Pick<Host, "run" | "clock" | "files">;
  readonly log: Log;
  readonly key: GatewayKey;
  readonly turns: Turns;
  readonly config: { readonly keyRotationDays: number; readonly stateFolder: string };
  readonly network: () => NetworkEntry | undefined;
  /** The entry is to be published. */
  readonly onChange: () => void;
}

export class GatewayRotation {
  readonly #options: GatewayRotationOptions;
  /** By the monotonic clock; undefined while no change is announced. */
  #dueMs: number | undefined;
  /** The administrator's word that was followed last; undefined before it was read. */
  #followed: string | undefined;
  #rotations = 0;

  constructor(options: GatewayRotationOptions) {
    this.#options = options;
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** For a satellite that asks for the gateway's health. */
  announcement(): Pick<GatewayHealth, "keyChange"> {
    const { host, key } = this.#options;
    if (key.nextPublicKey === undefined || this.#dueMs === undefined) return {};
    const inMs = Math.round(this.#dueMs - host.clock.monotonic());
    return inMs < 0 ? {} : { keyChange: { publicKey: key.nextPublicKey, inMs } };
  }

  /** Announces a change that is due, or that an earlier run has begun; carries out one that was announced for long enough. */
  async round(signal: AbortSignal): Promise<void> {
    const { host, key, log, onChange } = this.#options;
    if (key.nextPublicKey === undefined && !(await this.#isDue())) return;
    if (this.#dueMs === undefined) {
      await key.makeNext();
      this.#dueMs = host.clock.monotonic() + ANNOUNCED_MS;
      log.info({ from: key.publicKey, to: key.nextPublicKey, inSeconds: ANNOUNCED_MS / 1000 }, "the key is to change");
      onChange();
    }
    const waitMs = this.#dueMs - host.clock.monotonic();
    await host.clock.sleep(Math.max(0, waitMs - TURN_MS), signal).catch(() => undefined); // Cut short by the end.
    if (!signal.aborted) await this.#change(this.#dueMs, signal);
  }

  /** The file last: after a crash in between the interface gets the old key again, and satellites that hear nothing return to it. */
  async #change(dueMs: number, signal: AbortSignal): Promise<void> {
    const { host, key, log, turns, onChange } = this.#options;
    const from = key.publicKey;
    await turns.take(async () => {
      await host.clock.sleep(Math.max(0, dueMs - host.clock.monotonic()), signal).catch(() => undefined);
      if (signal.aborted) return; // The next run announces it anew.
      await wg(host, ["private-key", key.nextFile]);
      await key.adoptNext();
    });
    this.#dueMs = undefined;
    if (key.publicKey === from) return;
    this.#rotations += 1;
    log.info({ from, to: key.publicKey }, "the key was changed");
    onChange();
  }

  async #isDue(): Promise<boolean> {
    const { host, key, config, network } = this.#options;
    const { madeMs } = key;
    if (madeMs === undefined) return false;
    const asked = network()?.gatewayKeysSince;
    if (asked !== undefined && (await this.#isToFollow(asked, madeMs))) return true;
    return config.keyRotationDays > 0 && host.clock.now() - madeMs >= config.keyRotationDays * DAY_MS;
  }

  /** Each word is followed once, also where the administrator's clock is ahead; one from before this gateway was made is none for it. */
  async #isToFollow(asked: string, madeMs: number): Promise<boolean> {
    const { host, config } = this.#options;
    const file = `${config.stateFolder}/key-asked`;
    this.#followed ??= (await host.files.read(file).catch(() => undefined))?.trim() ?? "";
    if (asked === this.#followed) return false;
    this.#followed = asked;
    await host.files.write(file, `${asked}\n`, { mode: 0o600 });
    return Date.parse(asked) > madeMs - SKEW_MS;
  }
}
