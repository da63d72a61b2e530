// What the supervisor knows of kubelet.
import type { Child } from "../host/host.ts";

/** The running kubelet, and the ends of those before it. */
export interface KubeletState {
  readonly pid: number | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number | undefined;
  /** How long it has run, milliseconds, whatever was done to the time of day. */
  readonly ageMs: number | undefined;
  readonly restarts: number;
  readonly restartsByReason: Readonly<Record<string, number>>;
  readonly lastExit: string | undefined;
}

/** A kubelet that was started and has not ended. */
export interface RunningKubelet {
  readonly child: Child;
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** By the monotonic clock. */
  readonly beganMs: number;
}
