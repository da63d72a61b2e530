// Xids of this boot, by GPU: how often each came, and which of them still stand.
import type { GpuAction, KernelGpuLine } from "./xid.ts";

/** One Xid of one GPU. */
export interface Xid {
  readonly busId: string;
  readonly xid: number;
  /** Since the boot, or since the daemon's start when the kernel's buffer has already lost the first ones. */
  readonly count: number;
  /** What the newest line said. */
  readonly text: string;
  readonly action: GpuAction;
  /** Whether a fault that the line told of has not been cleared since. */
  readonly isStanding: boolean;
}

/** GPUs times codes: a driver that makes up codes must not fill the memory. */
const MAX_REMEMBERED = 500;

/** Takes the lines in their order. */
export class XidRecord {
  readonly #xids = new Map<string, Xid>();
  #newestSeconds = Number.NEGATIVE_INFINITY;
  #skipUntilSeconds = Number.NEGATIVE_INFINITY;

  /** The log is read from its beginning: what was taken already is not taken again. */
  restart(): void {
    this.#skipUntilSeconds = this.#newestSeconds;
  }

  /** Takes a line; returns the Xid that it told of, if it is one and new. */
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

  /** Every Xid of this boot. */
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
