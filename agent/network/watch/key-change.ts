// A gateway says in its health that it changes its key before long.
import type { GatewayHealth } from "../../tunnel/health.ts";
import type { WatchedGateway } from "./watched-tunnel.ts";

export interface GatewayKeyEvent {
  readonly kind: "gateway-key-announced";
  /** The key in force. */
  readonly from: string;
  readonly change: NonNullable<GatewayHealth["keyChange"]>;
}

/** Hands it on, each time that it is said. */
export function reportKeyChange(
  { publicKey: from }: WatchedGateway,
  health: GatewayHealth | undefined,
  emit: (event: GatewayKeyEvent) => void,
): void {
  if (health?.keyChange !== undefined) emit({ kind: "gateway-key-announced", from, change: health.keyChange });
}
