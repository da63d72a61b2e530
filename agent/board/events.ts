// The last things that happened, for /status: conditions that turned, repairs, restarts. A ring: old ones make room.

export interface SatelliteEvent {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly type: "Normal" | "Warning";
  /** CamelCase, as of Kubernetes' events. */
  readonly reason: string;
  readonly message: string;
}

const MAX_EVENTS = 50;

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
}
