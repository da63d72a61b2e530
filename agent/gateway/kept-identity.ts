// The gateway's name and addresses, as the metadata service said them last.
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { type GatewayIdentity, readGatewayIdentity } from "./gateway-config.ts";
import type { GatewayConfig } from "./gateway-schema.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";

/** An Elastic IP may be moved while the instance runs. */
const READ_EVERY_MS = 60_000;

export interface KeptIdentityOptions {
  readonly host: Pick<Host, "clock">;
  readonly config: GatewayConfig;
  readonly metadata: Pick<InstanceMetadata, "read">;
  readonly log: Log;
}

export class KeptIdentity {
  readonly #options: KeptIdentityOptions;
  #readMs = Number.NEGATIVE_INFINITY;
  /** Whether the metadata service did not answer last. */
  #isOld = false;
  /** Undefined before the first answer. */
  known: GatewayIdentity | undefined;

  constructor(options: KeptIdentityOptions) {
    this.#options = options;
  }

  /** The metadata service may be away for a while: the last answer holds. @throws what the first question met */
  async read(): Promise<GatewayIdentity> {
    const { host, config, metadata, log } = this.#options;
    const now = host.clock.monotonic();
    if (this.known !== undefined && now - this.#readMs < READ_EVERY_MS) return this.known;
    this.#readMs = now;
    try {
      this.known = await readGatewayIdentity(config, metadata);
      this.#isOld = false;
    } catch (err) {
      if (this.known === undefined) throw err;
      if (!this.#isOld) log.warn({ err }, "the gateway keeps the addresses that it had");
      this.#isOld = true;
    }
    return this.known;
  }
}
