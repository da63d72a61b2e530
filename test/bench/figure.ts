// A figure, its unit and its target.

/** One measured figure; `samples` are what it was computed from. */
export interface Figure {
  readonly metric: keyof typeof FIGURES;
  readonly value: number;
  readonly samples?: unknown;
}

/** A bound that the figure must not exceed; undefined where a figure is reported and not judged. */
interface Target {
  readonly unit: string;
  readonly atMost: number | undefined;
}

const FIGURES = {
  join_ratio_warm: { unit: "ratio", atMost: 1.15 },
  join_adds_warm_s: { unit: "s", atMost: 0.25 },
  join_ratio_cold: { unit: "ratio", atMost: 1.3 },
  join_adds_cold_s: { unit: "s", atMost: undefined },
  join_ratio_warm_loaded: { unit: "ratio", atMost: 1.3 },
  join_adds_warm_loaded_s: { unit: "s", atMost: undefined },
  join_ratio_cold_loaded: { unit: "ratio", atMost: 1.5 },
  join_adds_cold_loaded_s: { unit: "s", atMost: undefined },
  start_ms: { unit: "ms", atMost: 400 },
  kubelet_respawn_ms: { unit: "ms", atMost: 1000 },
  noop_round_ms: { unit: "ms", atMost: 5 },
  noop_round_writes: { unit: "writes", atMost: 0 },
  round_cpu_ms: { unit: "ms of a processor", atMost: 5 },
  conditions_cpu_ms: { unit: "ms of a processor", atMost: 5 },
  anonymous_mb: { unit: "MB", atMost: 36 },
  rss_above_node_mb: { unit: "MB", atMost: 30 },
  rss_mb: { unit: "MB", atMost: undefined },
  cpu_percent: { unit: "% of one core", atMost: 0.07 },
  programs_per_hour: { unit: "programs started", atMost: undefined },
  token_mint_ms: { unit: "ms", atMost: 5 },
  memory_growth_mb: { unit: "MB", atMost: 5 },
  status_p99_ms: { unit: "ms", atMost: 5 },
  metrics_ms: { unit: "ms", atMost: 20 },
  check_s: { unit: "s", atMost: 5 },
  check_cut_s: { unit: "s", atMost: 15 },
  gpu_round_ms: { unit: "ms", atMost: 30 },
  nvidia_smi_starts: { unit: "starts in 30 s", atMost: 1 },
  kernel_log_watch_percent: { unit: "% of one core", atMost: 0.01 },
  xid_to_condition_ms: { unit: "ms", atMost: 1000 },
  kernel_storm_cpu_percent: { unit: "% of one core", atMost: 20 },
  kernel_storm_lost_xids: { unit: "Xids", atMost: 0 },
  gateway_create_s: { unit: "s", atMost: undefined },
  gateway_restart_idle_s: { unit: "s", atMost: 5 },
  gateway_restart_traffic_s: { unit: "s", atMost: 5 },
  nat_rebind_s: { unit: "s", atMost: 16 },
  logs_first_byte_ms: { unit: "ms", atMost: undefined },
  tunnel_mbit_per_s: { unit: "Mbit/s", atMost: undefined },
  tunnel_anonymous_mb: { unit: "MB", atMost: 2 },
  tunnel_rss_mb: { unit: "MB", atMost: undefined },
  tunnel_cpu_percent: { unit: "% of one core", atMost: 0.02 },
  fleet_start_s: { unit: "s", atMost: undefined },
  fleet_api_per_node_hour: { unit: "requests", atMost: 120 },
  fleet_aws_per_node_hour: { unit: "requests", atMost: 20 },
  fleet_aws_outage_peak: { unit: "requests a node in the busiest second", atMost: 0.3 },
  fleet_aws_return_share: { unit: "of the fleet in the busiest second", atMost: 0.2 },
  fleet_aws_recovery_s: { unit: "s", atMost: 90 },
  fleet_api_outage_peak: { unit: "requests a node in the busiest second", atMost: 0.5 },
  fleet_api_return_share: { unit: "of the fleet in the busiest second", atMost: 0.35 },
  fleet_api_recovery_s: { unit: "s", atMost: 60 },
  fleet_throttled_per_node_minute: { unit: "requests", atMost: 15 },
  fleet_throttled_recovery_s: { unit: "s", atMost: 60 },
  gateway_500_start_s: { unit: "s", atMost: 10 },
  gateway_500_change_ms: { unit: "ms", atMost: 1000 },
  gateway_500_sync_ms: { unit: "ms", atMost: 500 },
  gateway_500_change_cpu_ms: { unit: "ms", atMost: 200 },
  gateway_500_lost_packets: { unit: "packets", atMost: 0 },
  gateway_500_idle_cpu_percent: { unit: "% of one core", atMost: 1 },
  bundle_mb: { unit: "MB", atMost: undefined },
} as const satisfies Record<string, Target>;

/** Renders one JSON line; `met` is null where there is no target. */
export function renderFigure({ metric, value, samples }: Figure): string {
  const { unit, atMost } = FIGURES[metric];
  const rounded = Math.round(value * 1000) / 1000;
  const met = atMost === undefined ? null : value <= atMost;
  return JSON.stringify({ metric, value: rounded, unit, target: atMost ?? null, met, samples });
}

/** The middle value; of an even number of values the lower of the two in the middle. @throws RangeError when there are none */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new RangeError("the median of nothing");
  return middle;
}
