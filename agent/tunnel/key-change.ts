// How a satellite and a gateway agree on the moment at which the satellite changes its key: one question through the tunnel.

/** Below {@link GATEWAY_HEALTH_PORT}, by POST; a gateway of an earlier version knows it not, and says so. */
export const KEY_CHANGE_PATH = "/key-change";

/**
 * From a gateway's consent to the moment at which it moves the node's addresses to the next key. The satellite has changed its key by
 * then. Until both have, WireGuard keeps what the satellite sends (128 packets) and takes what the gateway sends by the old session: a
 * gateway that moved the addresses first would drop what the satellite still sends under the old key.
 */
export const KEY_CHANGE_MS = 500;

/** `ready`: change now. `unknown`: the gateway has not read the next key from the Node yet. `unsupported`: an earlier version. */
export type KeyChangeConsent = "ready" | "unknown" | "unsupported";

export const KEY_CHANGE_STATUS = { ready: 200, unknown: 409 } as const;

/** The question's path with its query. */
export function keyChangeUrl(publicKey: string): string {
  return `${KEY_CHANGE_PATH}?${new URLSearchParams({ key: publicKey })}`;
}

/** What an answer means; undefined where it is none of a gateway's. */
export function readConsent(status: number): KeyChangeConsent | undefined {
  if (status === KEY_CHANGE_STATUS.ready) return "ready";
  if (status === KEY_CHANGE_STATUS.unknown) return "unknown";
  return status === 404 || status === 405 ? "unsupported" : undefined;
}
