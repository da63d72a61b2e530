// Who has port 53 of the address at which the cache for names listens: a program that listens at every address has it, too.
import { DNS_CACHE_ADDRESS } from "../../config/network/dns-cache.ts";
import type { Host } from "../../host/host.ts";
import { findSocketHolder, type Listener } from "../preflight.ts";

const PORT = ":0035";
/** The state of a listening socket in /proc/net/tcp, and of one that is bound in /proc/net/udp (net/tcp_states.h). */
const STATES = { tcp: "0A", udp: "07" } as const;

/** Undefined while the port is free. */
export async function findDnsListener(host: Host): Promise<Listener | undefined> {
  for (const [protocol, state] of Object.entries(STATES))
    for (const table of [`/proc/net/${protocol}`, `/proc/net/${protocol}6`]) {
      const rows = ((await host.files.read(table)) ?? "").split("\n").map((line) => line.trim().split(/\s+/));
      const row = rows.find(([, local = "", , found]) => found === state && isAtAddress(local));
      if (row !== undefined) return findSocketHolder(host, row[9] ?? "");
    }
  return undefined;
}

/** In hexadecimal, in the machine's byte order. */
function isAtAddress(local: string): boolean {
  const own = DNS_CACHE_ADDRESS.split(".").toReversed();
  const hex = own.map((byte) => Number(byte).toString(16).padStart(2, "0")).join("");
  const [address = "", port] = [local.slice(0, -PORT.length), local.slice(-PORT.length)];
  return port === PORT && (/^0+$/.test(address) || address.toLowerCase() === hex);
}
