// What the gateway that stands by says of its key: the watch asks the one that carries, and no other.
import type { Host } from "../../host/host.ts";
import { GATEWAY_HEALTH_PORT } from "../../tunnel/names.ts";
import { type GatewayKeyEvent, reportKeyChange } from "../watch/key-change.ts";
import { askGateway } from "../watch/probes.ts";
import type { WatchedTunnel } from "../watch/watched-tunnel.ts";

const TIMEOUT_SECONDS = 1;

export interface StandbyKeysOptions {
  readonly host: Host;
  /** The tunnels that do not carry the traffic. */
  readonly standby: () => readonly WatchedTunnel[];
  readonly emit: (event: GatewayKeyEvent) => void;
}

/** A change is announced 90 s before it happens: a knock in each of its rounds is in time. */
export class StandbyKeys {
  readonly #options: StandbyKeysOptions;
  /** Of each gateway's last answer, by its name. */
  readonly #digests = new Map<string, string>();

  constructor(options: StandbyKeysOptions) {
    this.#options = options;
  }

  /** Asks a gateway whose knock says that its answer is another one than the last. */
  async round(): Promise<void> {
    const { host, emit } = this.#options;
    for (const { gateway } of this.#options.standby()) {
      const { digest } = await host.knockForChange(gateway.address, GATEWAY_HEALTH_PORT, TIMEOUT_SECONDS);
      if (digest === undefined || digest === this.#digests.get(gateway.name)) continue;
      const answer = await askGateway(host, gateway.address);
      if (answer.kind !== "answered") continue;
      if (answer.health.digest !== undefined) this.#digests.set(gateway.name, answer.health.digest);
      reportKeyChange(gateway, answer.health, emit);
    }
  }
}
