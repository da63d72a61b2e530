// kubelet as /status and /metrics show it.
import { type Family, family, timestamp } from "../board/metric-family.ts";
import { isoTime } from "../time.ts";
import type { KubeletState } from "./kubelet-state.ts";

export interface KubeletFigures {
  readonly state: KubeletState;
  /** Images that could not be pulled since the start, by registry. */
  readonly failedPulls: ReadonlyMap<string, number>;
}

export function kubeletStatus({ startedAtMs, ageMs: _, ...state }: KubeletState) {
  return { kubelet: { ...state, startedAt: isoTime(startedAtMs) } };
}

export function kubeletMetrics(kubelet: KubeletFigures): readonly Family[] {
  return [
    family("gauge", "kubelet_start_timestamp_seconds", "When the running kubelet was started.", () =>
      timestamp(kubelet.state.startedAtMs),
    ),
    family("counter", "kubelet_restarts_total", "Ends of kubelet, by reason.", () =>
      Object.entries(kubelet.state.restartsByReason).map(([reason, value]) => ({ value, labels: { reason } })),
    ),
    family("counter", "image_pull_failures_total", "Images that kubelet could not pull, by registry.", () =>
      [...kubelet.failedPulls].map(([registry, value]) => ({ value, labels: { registry } })),
    ),
  ];
}
