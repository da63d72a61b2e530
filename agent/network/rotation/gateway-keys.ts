// The keys of gateways that have changed since the cluster's word, or are about to: which one is to be a peer's now.
import type { TunnelEntry } from "../tunnel-entry.ts";

export class GatewayKeys {
  /** The key in force, by the one that the cluster says. */
  readonly #inForce = new Map<string, string>();

  /** Uses the other key, until the cluster says another one. */
  follow(said: string, inForce: string): void {
    if (said === inForce) this.#inForce.delete(said);
    else this.#inForce.set(said, inForce);
  }

  /** The key in force in place of the one that the cluster says. */
  of(said: string): string {
    return this.#inForce.get(said) ?? said;
  }

  /** The entry with the keys in force. What the cluster does not say any more is forgotten. */
  applyTo(entry: TunnelEntry): TunnelEntry {
    for (const said of this.#inForce.keys())
      if (!entry.gateways.some(({ publicKey }) => publicKey === said)) this.#inForce.delete(said);
    return {
      ...entry,
      gateways: entry.gateways.map((gateway) => ({ ...gateway, publicKey: this.of(gateway.publicKey) })),
    };
  }
}
