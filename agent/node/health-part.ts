// What the daemon checks by itself each period: runtime, kubelet, certificates, names, disks, image pulls; and, more rarely, the clock.
import { type Family, family, timestamp } from "../board/metric-family.ts";
import type { SessionKeys } from "../host/aws.ts";
import { isoTime } from "../time.ts";
import { ClockStep } from "./clock-step.ts";
import { DiskWatch } from "./disk-watch.ts";
import { type HealthWatchOptions, watchHealth } from "./health-watch.ts";
import { reportImagePulls } from "./image-pulls.ts";
import { type MachineWatchOptions, watchClock, watchNames } from "./machine-watch.ts";

/** The time of day was set, forward or back. */
export type HealthEvent = { readonly kind: "clock-set"; readonly seconds: number };

export interface HealthPartOptions extends HealthWatchOptions, MachineWatchOptions {
  /** Keys that have not expired. */
  readonly keys: () => SessionKeys | undefined;
  readonly emit: (event: HealthEvent) => void;
}

/** Checks, and sets the conditions. */
export class HealthPart {
  readonly #options: HealthPartOptions;
  readonly #disks: DiskWatch;
  readonly #clockStep: ClockStep;
  #servingCertificateExpiresAtMs: number | undefined;

  constructor(options: HealthPartOptions) {
    this.#options = options;
    this.#disks = new DiskWatch(options);
    this.#clockStep = new ClockStep(options.host.clock);
  }

  status() {
    return { credentials: { servingCertificateExpiresAt: isoTime(this.#servingCertificateExpiresAtMs) } };
  }

  metrics(): readonly Family[] {
    return [
      family(
        "gauge",
        "serving_certificate_expiry_timestamp_seconds",
        "When kubelet's serving certificate expires.",
        () => timestamp(this.#servingCertificateExpiresAtMs),
      ),
    ];
  }

  /** One round of all but the clock and the disks. */
  async round(): Promise<void> {
    const { board, config, facts, keys, emit } = this.#options;
    const seconds = Math.round(this.#clockStep.takeMs() / 1000);
    if (seconds !== 0) emit({ kind: "clock-set", seconds });
    [this.#servingCertificateExpiresAtMs] = await Promise.all([watchHealth(this.#options), watchNames(this.#options)]);
    const found = facts();
    if (found !== undefined) board.set("ImagePullsConfigured", reportImagePulls(config, found, keys()));
  }

  /** Asks the disks. */
  diskRound(): Promise<void> {
    return this.#disks.round();
  }

  /** Compares the clock with AWS's. */
  async clockRound(): Promise<void> {
    await watchClock(this.#options);
  }
}
