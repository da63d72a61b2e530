// The numbers of one of two gateways: whether it holds the Lease, and what it has done with it.
import { type Family, family } from "../../board/metric-family.ts";

export interface StandbyNumbers {
  readonly isHolder: boolean;
  readonly carries: boolean;
  readonly wins: number;
  readonly replaced: number;
  readonly isFailing: boolean;
}

type Row = readonly [
  type: "gauge" | "counter",
  name: string,
  help: string,
  value: (numbers: StandbyNumbers) => number | boolean,
];

const ROWS: readonly Row[] = [
  ["gauge", "gateway_is_holder", "Whether this gateway surely holds the Lease.", ({ isHolder }) => isHolder],
  [
    "gauge",
    "gateway_carries",
    "Whether it holds the Lease, and the VPC's routes were seen to lead to it since.",
    ({ carries }) => carries,
  ],
  ["counter", "gateway_lease_transitions_total", "Times that this process has got the Lease.", ({ wins }) => wins],
  [
    "counter",
    "gateway_routes_replaced_total",
    "Routes of the VPC that this process has replaced.",
    ({ replaced }) => replaced,
  ],
  [
    "gauge",
    "gateway_routes_failing",
    "Whether the last look at the VPC's routes, or a replacement, failed.",
    ({ isFailing }) => isFailing,
  ],
];

/** Families that read the numbers anew at each scrape. */
export function standbyFamilies(read: () => StandbyNumbers): readonly Family[] {
  return ROWS.map(([type, name, help, value]) => family(type, name, help, () => [{ value: Number(value(read())) }]));
}
