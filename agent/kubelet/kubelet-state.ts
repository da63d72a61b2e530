// What the supervisor knows of kubelet.

/** The running kubelet, and the ends of those before it. */
export interface KubeletState {
  readonly pid: number | undefined;
  readonly startedAtMs: number | undefined;
  readonly restarts: number;
  readonly restartsByReason: Readonly<Record<string, number>>;
  readonly lastExit: string | undefined;
}
