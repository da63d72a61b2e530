// Whose name a request asks for. A web page whose own name was pointed at 127.0.0.1 (DNS rebinding) sends that name.
import ipaddr from "ipaddr.js";

const WILDCARDS = ["0.0.0.0", "::"];
/** An address in brackets, or a name or address; then a port. */
const AUTHORITY = /^(?:\[([0-9a-fA-F:.]{1,64})\]|([^:[\]]{1,255}))(?::\d{1,5})?$/;

/**
 * Whether a request may be answered: it asks for this machine by a loopback name or address, or by the address that is configured.
 * One without the header comes from no browser. With a wildcard any address will do: a page cannot send another one than its own name.
 */
export function isOwnHost(header: string | undefined, configured: string): boolean {
  if (header === undefined) return true;
  const [, bracketed, plain] = AUTHORITY.exec(header) ?? [];
  const name = (bracketed ?? plain)?.toLowerCase();
  if (name === undefined) return false;
  if (name === "localhost") return true;
  if (!ipaddr.isValid(name) || (plain !== undefined && !ipaddr.IPv4.isValidFourPartDecimal(name))) return false;
  const address = ipaddr.parse(name);
  return (
    address.range() === "loopback" ||
    WILDCARDS.includes(configured) ||
    address.toNormalizedString() === ipaddr.parse(configured).toNormalizedString()
  );
}
