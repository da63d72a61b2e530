// The last things that happened, for /status: conditions that turned, repairs, restarts. A ring: new ones replace the oldest.
import { isoTime } from "../time.ts";
import type { NoticeReason } from "./notices.ts";

/** Part of a story that a person may want to read later: an entry of /status, and an event on the Node. */
export interface NoticeEvent {
  readonly kind: "notice";
  readonly type: "Normal" | "Warning";
  readonly reason: NoticeReason;
  readonly message: string;
}

export interface SatelliteEvent {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly type: "Normal" | "Warning";
  /** CamelCase, as of Kubernetes' events. */
  readonly reason: string;
  readonly message: string;
}

const MAX_EVENTS = 50;
/** Of the warnings among them, how many /status repeats as `lastErrors`. */
const LAST_ERRORS = 10;

/** Remembers the newest events, oldest first. */
export class EventRing {
  #events: readonly SatelliteEvent[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  record(type: SatelliteEvent["type"], reason: string, message: string): void {
    this.#events = [...this.#events, { atMs: this.#now(), type, reason, message }].slice(-MAX_EVENTS);
  }

  list(): readonly SatelliteEvent[] {
    return this.#events;
  }

  status() {
    const warnings = this.#events.filter(({ type }) => type === "Warning");
    return { events: this.#events.map(render), lastErrors: warnings.slice(-LAST_ERRORS).map(render) };
  }
}

function render({ atMs, ...event }: SatelliteEvent) {
  return { at: isoTime(atMs), ...event };
}
