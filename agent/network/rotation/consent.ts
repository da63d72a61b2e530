// Asks the gateways whether this machine may change its key now.
import type { Host } from "../../host/host.ts";
import { type KeyChangeConsent, keyChangeUrl, readConsent } from "../../tunnel/key-change.ts";
import { GATEWAY_HEALTH_PORT } from "../../tunnel/names.ts";

const TIMEOUT_SECONDS = 3;
const MAX_BYTES = 1024;

/** `silent`: no gateway that carries traffic has answered. */
export type Consent = KeyChangeConsent | "silent";

interface Asked {
  /** In the VPC. */
  readonly address: string;
}

/**
 * Asks the gateway that carries the traffic last: it counts from its answer. Of the others one that answers must consent, and one that
 * is silent learns the key from the Node when it is back.
 */
export async function askForConsent(
  host: Host,
  [carrying, ...others]: readonly Asked[],
  key: string,
): Promise<Consent> {
  if (carrying === undefined) return "silent";
  const answers = await Promise.all(others.map((gateway) => ask(host, gateway, key)));
  return answers.find((answer) => answer === "unknown" || answer === "unsupported") ?? ask(host, carrying, key);
}

async function ask(host: Host, { address }: Asked, key: string): Promise<Consent> {
  try {
    const { status } = await host.fetch({
      ...{ url: `http://${address}:${GATEWAY_HEALTH_PORT}${keyChangeUrl(key)}`, method: "POST", connectTo: address },
      ...{ timeoutSeconds: TIMEOUT_SECONDS, maxBytes: MAX_BYTES },
    });
    return readConsent(status) ?? "silent";
  } catch {
    return "silent"; // TunnelUp says why.
  }
}
