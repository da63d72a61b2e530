// The addresses of gateways whose endpoints have names. One that cannot be resolved for a while keeps its last address.
import ipaddr from "ipaddr.js";
import type { Host } from "../host/host.ts";

/** Addresses by endpoint, of those that have names. */
export type ResolvedEndpoints = Readonly<Record<string, string>>;

/** Resolves names anew; an address of IPv4 comes first. */
export async function resolveEndpoints(
  host: Pick<Host, "resolve">,
  endpoints: readonly string[],
  known: ResolvedEndpoints,
): Promise<ResolvedEndpoints> {
  const names = endpoints.filter((endpoint) => !isAddress(nameOf(endpoint)));
  const resolved = await Promise.all(
    names.map(async (endpoint) => [endpoint, (await resolve(host, endpoint)) ?? known[endpoint]] as const),
  );
  return Object.fromEntries(resolved.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** `ADDRESS:PORT` of an endpoint; undefined while its name has no address. */
export function addressOf(endpoint: string, resolved: ResolvedEndpoints): string | undefined {
  return isAddress(nameOf(endpoint)) ? endpoint : resolved[endpoint];
}

async function resolve(host: Pick<Host, "resolve">, endpoint: string): Promise<string | undefined> {
  const found = await host.resolve(nameOf(endpoint)).catch(() => []); // DnsWorking reports a resolver that fails.
  const address = found.find(isAddress) ?? found.find((each) => ipaddr.IPv6.isValid(each));
  if (address === undefined) return undefined;
  return `${isAddress(address) ? address : `[${address}]`}${endpoint.slice(endpoint.lastIndexOf(":"))}`;
}

function nameOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":"));
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}
