// Whose name a request asks for. A web page whose own name was pointed at 127.0.0.1 (DNS rebinding) sends that name.
import ipaddr from "ipaddr.js";

/** An address in brackets, or a name or address; then a port. */
const AUTHORITY = /^(?:\[([0-9a-fA-F:.]{1,64})\]|([^:[\]]{1,255}))(?::\d{1,5})?$/;

/**
 * Whether a request may be answered: it asks for `localhost`, or for an address. One without the header comes from no browser.
 * Any address will do: a page sends no other name than its own, and an address cannot be pointed elsewhere. A proxy on this machine,
 * such as kube-rbac-proxy, passes on the address that it was asked by.
 */
export function isOwnHost(header: string | undefined): boolean {
  if (header === undefined) return true;
  const [, bracketed, plain] = AUTHORITY.exec(header) ?? [];
  if (plain !== undefined) return plain.toLowerCase() === "localhost" || ipaddr.IPv4.isValidFourPartDecimal(plain);
  return bracketed !== undefined && ipaddr.IPv6.isValid(bracketed);
}
