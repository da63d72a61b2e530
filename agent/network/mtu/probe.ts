// Datagrams that fill one packet of the tunnel, there and back: WireGuard's own packets are as large, and 60 bytes more.
import type { Host } from "../../host/host.ts";
import { GATEWAY_HEALTH_PORT, MIN_MTU } from "../../tunnel/names.ts";

/** IPv4's and UDP's headers. */
export const HEADERS = 28;
/** WireGuard pads to so many bytes: sizes in between make packets of the same length. */
const STEP = 16;
const TIMEOUT_SECONDS = 1;
/** One packet may be lost for another reason. */
const TRIES = 3;

/** Whether a packet of so many bytes comes back. A gateway that does not answer small ones either is no matter of size: undefined. */
export async function passes(host: Pick<Host, "knock">, address: string, mtu: number): Promise<boolean | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1)
    if ((await host.knock(address, GATEWAY_HEALTH_PORT, TIMEOUT_SECONDS, mtu - HEADERS)) === "ok") return true;
  return (await host.knock(address, GATEWAY_HEALTH_PORT, TIMEOUT_SECONDS)) === "ok" ? false : undefined;
}

/**
 * The largest MTU up to one that does not pass, in WireGuard's steps; `"none"` where not even the least passes, and undefined when the
 * gateway became silent: at most five sizes are tried.
 */
export async function searchMtu(
  host: Pick<Host, "knock">,
  address: string,
  failing: number,
): Promise<number | "none" | undefined> {
  const sizes: number[] = [];
  for (let size = MIN_MTU; size < failing; size += STEP) sizes.push(size);
  let [low, high] = [-1, sizes.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const isPassing = await passes(host, address, sizes[middle] ?? MIN_MTU);
    if (isPassing === undefined) return undefined;
    if (isPassing) low = middle;
    else high = middle;
  }
  return sizes[low] ?? "none";
}
