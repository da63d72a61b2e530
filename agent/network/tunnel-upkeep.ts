// What is done to a tunnel that works, now and then.
import type { ConditionBoard } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import type { CarriedTunnel } from "./carried-tunnel.ts";
import type { FoundMtus } from "./mtu/found-mtus.ts";
import { PathMtu } from "./mtu/path-mtu.ts";
import { GatewayFollower } from "./rotation/gateway-follower.ts";
import type { GatewayKeys } from "./rotation/gateway-keys.ts";
import { KeyRotation, type RotationEvent } from "./rotation/key-rotation.ts";
import type { TunnelEntry } from "./tunnel-entry.ts";
import type { TunnelEntryEvent } from "./tunnel-part.ts";

export type TunnelUpkeepEvent = RotationEvent | TunnelEntryEvent;

export interface TunnelUpkeepOptions {
  readonly host: Host;
  readonly log: Log;
  readonly config: Config;
  readonly api: () => NodeApi | undefined;
  /** The last plan's. */
  readonly planned: () => CarriedTunnel | undefined;
  readonly board: Pick<ConditionBoard, "get" | "isTrue" | "isFailing">;
  /** What is known of it, and the keys in force. */
  readonly tunnel: {
    readonly entry: TunnelEntry | undefined;
    readonly gatewayKeys: GatewayKeys;
    readonly foundMtus: FoundMtus;
  };
  readonly signal: AbortSignal;
  readonly emit: (event: TunnelUpkeepEvent) => void;
}

export function createTunnelUpkeep(options: TunnelUpkeepOptions) {
  const { planned: tunnel } = options;
  const { gatewayKeys: keys } = options.tunnel;
  return {
    keyRotation: new KeyRotation({ ...options, tunnel }),
    pathMtu: new PathMtu({ ...options, tunnel, found: options.tunnel.foundMtus }),
    gatewayFollower: new GatewayFollower({ ...options, tunnel, keys, entry: () => options.tunnel.entry }),
  };
}
