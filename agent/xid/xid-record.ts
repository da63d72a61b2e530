// The Xids of this boot by GPU: how often each occurred, and which of them are still faults.
import { optional } from "../optional.ts";
import { type GpuAction, isFatalAction, worseOf } from "./gpu-action.ts";
import type { KernelGpuLine } from "./xid.ts";

/** One Xid of one GPU, or one SXid of one NVSwitch. */
export interface Xid {
  readonly busId: string;
  readonly xid: number;
  /** Number since the boot, or since the daemon's start when the kernel's buffer no longer holds the first ones. */
  readonly count: number;
  /** Text of the newest line; of the newest one that reported the fault while it stands. */
  readonly text: string;
  readonly action: GpuAction;
  /** Whether the line reported a fault that has not been cleared since. */
  readonly isStanding: boolean;
  /** It is an SXid, of an NVSwitch. */
  readonly isSwitch?: true;
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

  /** The Xid of a line as far as it is known. */
  find(line: KernelGpuLine & { readonly kind: "xid" }): Xid | undefined {
    return this.#xids.get(keyOf(line));
  }

  /** Lists every Xid of this boot. */
  list(): readonly Xid[] {
    return [...this.#xids.values()];
  }

  #count(line: KernelGpuLine & { readonly kind: "xid" }): Xid | undefined {
    const { busId, xid, text, action, isSwitch } = line;
    const key = keyOf(line);
    const before = this.#xids.get(key);
    const isFault = isFatalAction(action);
    if (before === undefined && this.#xids.size >= MAX_REMEMBERED && !(isFault && this.#forgetOne())) return undefined;
    // Details and harmless events have the same number as the fault, and do not end it.
    const standing = before?.isStanding === true ? before : undefined;
    const counted = {
      ...{ busId, xid, count: (before?.count ?? 0) + 1, isStanding: isFault || standing !== undefined },
      action: standing === undefined ? action : worseOf(standing.action, action),
      text: isFault || standing === undefined ? text : standing.text,
      ...optional({ isSwitch }),
    };
    this.#xids.set(key, counted);
    return counted;
  }

  /** Makes room for a fault: forgets an Xid that is none. */
  #forgetOne(): boolean {
    const found = [...this.#xids].find(([, { isStanding }]) => !isStanding);
    return found !== undefined && this.#xids.delete(found[0]);
  }

  #clear(isCleared: (xid: Xid) => boolean): void {
    for (const [key, xid] of this.#xids) if (isCleared(xid)) this.#xids.set(key, { ...xid, isStanding: false });
  }
}

function keyOf({ busId, xid, isSwitch }: KernelGpuLine & { readonly kind: "xid" }): string {
  return `${busId} ${isSwitch === true ? "s" : ""}${xid}`;
}
