// Two gateways for /status and /metrics: which one carries the traffic, and whether each answers.
import { type Family, family } from "../../board/metric-family.ts";
import type { Role } from "./choice.ts";

export interface GatewayState {
  readonly name: string;
  readonly endpoint: string;
  readonly interface: string;
  readonly carries: boolean;
  readonly answers: boolean;
  readonly role: Role | undefined;
}

interface Numbers {
  /** None where there is one alone. */
  readonly gateways: readonly GatewayState[];
  readonly failovers: number;
}

export function carrierFamilies(read: () => Numbers): readonly Family[] {
  const each = (value: (state: GatewayState) => boolean) =>
    read().gateways.map((state) => ({ labels: { gateway: state.name }, value: Number(value(state)) }));
  return [
    family("gauge", "tunnel_gateway_carries", "Whether this gateway carries the traffic; where there are two.", () =>
      each(({ carries }) => carries),
    ),
    family("gauge", "tunnel_gateway_answers", "Whether this gateway answers; where there are two.", () =>
      each(({ answers }) => answers),
    ),
    family("counter", "tunnel_failovers_total", "Times that the traffic was moved to the other gateway.", () => [
      { value: read().failovers },
    ]),
  ];
}
