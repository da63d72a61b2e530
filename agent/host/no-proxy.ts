// NO_PROXY as Go's programs read it, kubelet and containerd among them (golang.org/x/net/http/httpproxy): curl's and Node's rules differ.
import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Where a request goes. */
export interface Target {
  /** A name or an address, without brackets. */
  readonly hostname: string;
  readonly port: string;
}

type Exception =
  | { readonly kind: "all" }
  | { readonly kind: "range"; readonly address: string; readonly prefix: number }
  | { readonly kind: "address"; readonly address: string; readonly port: string }
  | { readonly kind: "domain"; readonly domain: string; readonly hasHost: boolean; readonly port: string };

/** Whether a request goes directly: to this machine itself always, to others where NO_PROXY says so. */
export function isDirect({ hostname, port }: Target, noProxy: string): boolean {
  const host = hostname.toLowerCase();
  if (host === "localhost" || isLoopback(host)) return true;
  return exceptionsOf(noProxy).some((exception) => matches(exception, { hostname: host, port }));
}

/** Whether each address of a network, such as the Services', goes directly. */
export function isNetworkDirect(network: string, noProxy: string): boolean {
  const [address = "", length] = network.split("/");
  return exceptionsOf(noProxy).some((exception) => {
    if (exception.kind === "all") return true;
    return exception.kind === "range" && exception.prefix <= Number(length) && isWithin(address, exception);
  });
}

function exceptionsOf(noProxy: string): readonly Exception[] {
  return noProxy.split(",").flatMap((entry) => {
    const parsed = parseException(entry.trim().toLowerCase());
    return parsed === undefined ? [] : [parsed];
  });
}

/** Undefined for an entry without a host, which Go ignores. */
function parseException(entry: string): Exception | undefined {
  if (entry === "") return undefined;
  if (entry === "*") return { kind: "all" };
  const [address = "", length = "", ...more] = entry.split("/");
  if (isIP(address) > 0 && more.length === 0 && isPrefix(length, address))
    return { kind: "range", address, prefix: Number(length) };
  const { host, port } = splitPort(entry);
  if (host === "") return undefined;
  if (isIP(host) > 0) return { kind: "address", address: host, port };
  const name = host.startsWith("*.") ? host.slice(1) : host;
  const domain = name.startsWith(".") ? name : `.${name}`;
  return { kind: "domain", domain: toAscii(domain), hasHost: !name.startsWith("."), port };
}

function isPrefix(length: string, address: string): boolean {
  return /^\d{1,7}$/.test(length) && Number(length) <= (isIP(address) === 4 ? 32 : 128);
}

/** As Go's net.SplitHostPort; what that refuses is a host without a port. */
function splitPort(entry: string): { readonly host: string; readonly port: string } {
  const [, bracketed, bracketedPort] = /^\[([^[\]]*)\]:([^[\]:]*)$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { host: bracketed, port: bracketedPort ?? "" };
  const [, host, port] = /^([^[\]:]*):([^[\]:]*)$/.exec(entry) ?? [];
  return { host: host ?? entry, port: port ?? "" };
}

function matches(exception: Exception, { hostname, port }: Target): boolean {
  switch (exception.kind) {
    case "all":
      return true;
    case "range":
      return isWithin(hostname, exception);
    case "address":
      return (
        isWithin(hostname, { address: exception.address, prefix: widthOf(exception.address) }) &&
        isPort(exception.port, port)
      );
    case "domain": {
      if (isIP(hostname) > 0) return false;
      const isSame = exception.hasHost && hostname === exception.domain.slice(1);
      return (isSame || hostname.endsWith(exception.domain)) && isPort(exception.port, port);
    }
  }
}

function isPort(wanted: string, port: string): boolean {
  return wanted === "" || wanted === port;
}

function widthOf(address: string): number {
  return isIP(address) === 4 ? 32 : 128;
}

function isWithin(address: string, range: { readonly address: string; readonly prefix: number }): boolean {
  const family = isIP(address);
  if (family === 0 || family !== isIP(range.address)) return false;
  const list = new BlockList();
  list.addSubnet(range.address, range.prefix, isIP(range.address) === 4 ? "ipv4" : "ipv6");
  return list.check(address, family === 4 ? "ipv4" : "ipv6");
}

function isLoopback(host: string): boolean {
  return isWithin(host, { address: "127.0.0.0", prefix: 8 }) || isWithin(host, { address: "::1", prefix: 128 });
}

/** The name of a domain with letters beyond ASCII is written with its code in a URL. */
function toAscii(domain: string): string {
  const isAscii = [...domain].every((character) => character.charCodeAt(0) < 0x80);
  const encoded = isAscii ? "" : domainToASCII(domain.slice(1));
  return encoded === "" ? domain : `.${encoded}`;
}
