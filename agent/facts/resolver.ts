// Which file tells pods their name servers: the one that has any, and not the one that is there.
import type { Host } from "../host/host.ts";

/** The file of real name servers that systemd-resolved keeps beside its stub. */
export const SYSTEMD_RESOLV_CONF = "/run/systemd/resolve/resolv.conf";
const RESOLV_CONF = "/etc/resolv.conf";

/**
 * Whether systemd-resolved's file is the one for pods. /etc/resolv.conf then names a stub on loopback, which pods cannot reach.
 * resolved may run without a server of its own, while a file that an administrator wrote has one.
 */
export async function usesSystemdResolved(host: Host): Promise<boolean> {
  const [resolved, own] = await Promise.all([host.files.read(SYSTEMD_RESOLV_CONF), host.files.read(RESOLV_CONF)]);
  if (resolved === undefined) return false;
  return hasNameServer(resolved) || !hasNameServer(own ?? "");
}

/** Whether a resolv.conf(5) names a server that is not this machine itself. */
export function hasNameServer(text: string): boolean {
  return text.split("\n").some((line) => {
    const [keyword, address = ""] = line.trim().split(/\s+/, 2);
    return keyword === "nameserver" && address !== "" && !/^(?:127\.|0\.0\.0\.0$|::1(?:%|$)|::$)/.test(address);
  });
}
