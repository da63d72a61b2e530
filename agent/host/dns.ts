// Names to addresses, as every program of this machine resolves them: /etc/hosts, nsswitch and the resolver that they name.
import { lookup, Resolver } from "node:dns/promises";
import { SatelliteError } from "../errors.ts";

/** A question to one name server, whatever the machine's own resolver is. */
export interface NameServerQuestion {
  /** Its address; port 53. */
  readonly server: string;
  readonly hostname: string;
  readonly timeoutSeconds: number;
}

const RESOLVE_TIMEOUT_MS = 5000;

/** Lookups under way. One that hangs holds a thread beyond our deadline, so later callers share it. */
const underWay = new Map<string, Promise<readonly { readonly address: string }[]>>();

/** Resolves a name. getaddrinfo(3) cannot be cancelled: a resolver that hangs is given up after 5 s. @throws dns-failed */
export async function resolveName(hostname: string): Promise<readonly string[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer in ${RESOLVE_TIMEOUT_MS / 1000} s`)),
    RESOLVE_TIMEOUT_MS,
  );
  try {
    const found = await Promise.race([lookUpOnce(hostname), late.promise]);
    return found.map(({ address }) => address);
  } catch (cause) {
    throw new SatelliteError("dns-failed", `the name ${hostname} cannot be resolved`, {
      hint: "resolvectl status, or cat /etc/resolv.conf: the name servers there must answer.",
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Asks one name server once, over UDP, and over TCP where its answer is too long for that. @throws dns-failed */
export async function askNameServer({
  server,
  hostname,
  timeoutSeconds,
}: NameServerQuestion): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: timeoutSeconds * 1000, tries: 1 });
  resolver.setServers([server]);
  // The time-out is of one packet; an answer over TCP may come a byte at a time.
  const timer = setTimeout(() => resolver.cancel(), timeoutSeconds * 1000);
  try {
    return await resolver.resolve4(hostname);
  } catch (cause) {
    throw new SatelliteError("dns-failed", `the name server ${server} gives no address of ${hostname}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function lookUpOnce(hostname: string): Promise<readonly { readonly address: string }[]> {
  const known = underWay.get(hostname);
  if (known !== undefined) return known;
  const found = lookup(hostname, { all: true }).finally(() => underWay.delete(hostname));
  underWay.set(hostname, found);
  return found;
}
