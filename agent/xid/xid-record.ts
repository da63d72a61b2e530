// The Xids of this boot by GPU: how often each occurred, and which of them are still faults.
import type { GpuAction, KernelGpuLine } from "./xid.ts";

/** One Xid of one GPU. */
export interface Xid {
  readonly busId: string;
  readonly xid: number;
  /** Number since the boot, or since the daemon's start when the kernel's buffer no longer holds the first ones. */
  readonly count: number;
  /** Text of the newest line. */
  readonly text: string;
  readonly action: GpuAction;
  /** Whether the line reported a fault that has not been cleared since. */
  readonly isStanding: boolean;
}

/** Limit of GPUs times codes: a driver that invents codes must not fill the memory. */
const MAX_REMEMBERED = 500;

/** Records lines in their order. */
export class XidRecord {
  readonly #xids = new Map<string, Xid>();
  #newestSeconds = Number.NEGATIVE_INFINITY;
  #skipUntilSeconds = Number.NEGATIVE_INFINITY;

  /** Call it when the log is read from its beginning again: lines that were recorded are skipped. */
  restart(): void {
    this.#skipUntilSeconds = this.#newestSeconds;
  }

  /** Records a line; returns its Xid when it is a new one. */
  take(line: KernelGpuLine): Xid | undefined {
    if (line.atSeconds <= this.#skipUntilSeconds) return undefined;
    this.#newestSeconds = Math.max(this.#newestSeconds, line.atSeconds);
    switch (line.kind) {
      case "recovered":
        this.#clear(({ busId }) => busId === line.busId);
        return undefined;
      case "driver-loaded":
        // A GPU that is off the bus does not come back with the driver.
        this.#clear(({ action }) => action !== "reboot");
        return undefined;
      case "xid":
        return this.#count(line);
    }
  }

  /** Lists every Xid of this boot. */
  list(): readonly Xid[] {
    return [...this.#xids.values()];
  }

  #count({ busId, xid, text, action }: KernelGpuLine & { readonly kind: "xid" }): Xid | undefined {
    const key = `${busId} ${xid}`;
    const before = this.#xids.get(key);
    if (before === undefined && this.#xids.size >= MAX_REMEMBERED) return undefined;
    const isStanding = action !== "none" && action !== "check-the-app";
    const counted = { busId, xid, count: (before?.count ?? 0) + 1, text, action, isStanding };
    this.#xids.set(key, counted);
    return counted;
  }

  #clear(isCleared: (xid: Xid) => boolean): void {
    for (const [key, xid] of this.#xids) if (isCleared(xid)) this.#xids.set(key, { ...xid, isStanding: false });
  }
}
