// When a running kubelet may be replaced: at any time, or within the windows that the configuration names.
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import { isoTime } from "../time.ts";

const MINUTE_MS = 60_000;

export type UpgradeWindowConfig = Pick<Config["kubelet"], "upgradeWindow" | "upgradeTimeZone" | "upgradeWindowMinutes">;

/** What node-cron makes of the expression. */
interface Schedule {
  match(date: Date): boolean;
  getNextRuns(count: number): readonly Date[];
}

/** The windows; without one it is always open. */
export class UpgradeWindow {
  readonly #clock: Host["clock"];
  readonly #config: UpgradeWindowConfig;
  #schedule: Schedule | undefined;
  #known: { readonly isOpen: boolean; readonly opensAtMs: number | undefined } | undefined;

  constructor({ clock }: Pick<Host, "clock">, config: UpgradeWindowConfig) {
    this.#clock = clock;
    this.#config = config;
  }

  /** Whether a window is open now. Windows are hours of the day: they follow the time of day, and its changes. */
  async isOpen(): Promise<boolean> {
    const { upgradeWindow, upgradeTimeZone, upgradeWindowMinutes } = this.#config;
    if (upgradeWindow === undefined) return true;
    this.#schedule ??= await createSchedule(upgradeWindow, upgradeTimeZone);
    const schedule = this.#schedule;
    const thisMinute = Math.floor(this.#clock.now() / MINUTE_MS);
    // It is open when it has begun in one of the last minutes, this one included.
    const minutes = Array.from({ length: upgradeWindowMinutes }, (_, ago) => thisMinute - ago);
    const isOpen = minutes.some((minute) => schedule.match(new Date(minute * MINUTE_MS)));
    this.#known = { isOpen, opensAtMs: isOpen ? undefined : schedule.getNextRuns(1)[0]?.getTime() };
    return isOpen;
  }

  /** For /status; undefined without a window. */
  status() {
    const { upgradeWindow: cron, upgradeTimeZone: timeZone, upgradeWindowMinutes: minutes } = this.#config;
    if (cron === undefined) return undefined;
    return { cron, timeZone, minutes, isOpen: this.#known?.isOpen, opensAt: isoTime(this.#known?.opensAtMs) };
  }
}

/** node-cron takes 8 MB of memory: it is loaded where a window is configured. */
async function createSchedule(expression: string, timezone: string): Promise<Schedule> {
  const { createTask } = await import("node-cron");
  return createTask(expression, () => undefined, { timezone });
}
