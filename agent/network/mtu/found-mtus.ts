// The MTU that was found on the way to each gateway, where it is smaller than what the gateway says.
import type { Report } from "../../board/conditions.ts";
import { DEFAULT_MTU } from "../../tunnel/names.ts";
import type { TunnelEntry } from "../tunnel-entry.ts";

export class FoundMtus {
  /** By the gateway's address in the VPC. */
  readonly #found = new Map<string, number>();

  /** Why TunnelUp is false although the gateway answers; undefined while packets of some size pass. */
  problem: Omit<Report, "status"> | undefined;

  /** Undefined: what the gateway says holds. */
  set(address: string, mtu: number | undefined): void {
    if (mtu === undefined) this.#found.delete(address);
    else this.#found.set(address, mtu);
  }

  of(address: string): number | undefined {
    return this.#found.get(address);
  }

  /** The entry with what was found. A gateway that is gone is forgotten. */
  applyTo(entry: TunnelEntry): TunnelEntry {
    for (const address of this.#found.keys())
      if (!entry.gateways.some((gateway) => gateway.address === address)) this.#found.delete(address);
    return {
      ...entry,
      gateways: entry.gateways.map((gateway) => {
        const found = this.#found.get(gateway.address);
        return found === undefined ? gateway : { ...gateway, mtu: Math.min(found, gateway.mtu ?? DEFAULT_MTU) };
      }),
    };
  }
}

/** What TunnelUp says: a gateway that answers small packets alone is not up. */
export function withSizeProblem(report: Report, problem: Omit<Report, "status"> | undefined): Report {
  return report.status === "True" && problem !== undefined ? { status: "False", ...problem } : report;
}
