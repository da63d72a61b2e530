// What is done to a tunnel that works, now and then.
import type { Config } from "../config/schema.ts";
import type { WantedTunnel } from "../facts/tunnel/tunnel-facts.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import type { TunnelResource } from "../plan/tunnel/resources.ts";
import { KeyRotation, type RotationEvent } from "./rotation/key-rotation.ts";

export type TunnelUpkeepEvent = RotationEvent;

export interface TunnelUpkeepOptions {
  readonly host: Host;
  readonly log: Log;
  readonly config: Config;
  readonly api: () => NodeApi | undefined;
  /** The last plan's. */
  readonly converger: {
    readonly tunnel: { readonly wanted: WantedTunnel; readonly resource: TunnelResource } | undefined;
  };
  readonly emit: (event: TunnelUpkeepEvent) => void;
}

export function createTunnelUpkeep(options: TunnelUpkeepOptions) {
  const tunnel = () => options.converger.tunnel;
  return { keyRotation: new KeyRotation({ ...options, tunnel }) };
}
