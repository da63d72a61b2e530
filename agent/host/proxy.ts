// HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as curl and Go's programs (kubelet among them) honour them; Node does not by itself.
import { type ProxyEnv, setGlobalProxyFromEnv } from "node:http";
import https from "node:https";
import { SatelliteError } from "../errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** This machine itself, where kubelet's health is read: Go's programs never use a proxy for it. */
const THIS_MACHINE = ["localhost", "127.0.0.1", "::1"];

/** The variables in the form of Node's agents. @throws proxy-invalid */
export function proxyEnvironment(environment: Environment): ProxyEnv {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name];
  const proxies = ["HTTPS_PROXY", "HTTP_PROXY"].flatMap((name) => {
    const value = read(name) ?? "";
    if (value === "") return [];
    if (!/^https?:$/.test(URL.parse(value)?.protocol ?? "")) throw invalid(name);
    return [[name, value] as const];
  });
  const exceptions = [read("NO_PROXY"), ...THIS_MACHINE].filter((entry) => entry !== undefined && entry !== "");
  return { ...Object.fromEntries(proxies), NO_PROXY: exceptions.join(",") };
}

/** Makes every request of this process use them. @throws proxy-invalid */
export function honourProxies(environment: Environment): void {
  const proxies = proxyEnvironment(environment);
  if (proxies.HTTPS_PROXY !== undefined || proxies.HTTP_PROXY !== undefined) setGlobalProxyFromEnv(proxies);
}

/** The proxy settings for AWS's clients, which have their own agents. */
export function proxiedAgent(): { readonly proxyEnv: ProxyEnv | undefined; readonly rejectUnauthorized: true } {
  // A certificate is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says.
  return { proxyEnv: https.globalAgent.options.proxyEnv, rejectUnauthorized: true };
}

function invalid(name: string): SatelliteError {
  // The message omits the value, which may hold a password.
  return new SatelliteError("proxy-invalid", `${name} is not the URL of a proxy, and is ignored`, {
    hint: `${name}=http://HOST:PORT, in /etc/eks-satellite/environment for the service.`,
  });
}

/** The proxy for a URL, for clients that know nothing of Node's agents; undefined for a direct connection. */
export function proxyFor(url: string, proxyEnv: ProxyEnv | undefined = proxiedAgent().proxyEnv): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const proxy = protocol === "https:" ? proxyEnv?.HTTPS_PROXY : proxyEnv?.HTTP_PROXY;
  if (proxy === undefined || proxy === "") return undefined;
  const address = { hostname, port: port || (protocol === "https:" ? "443" : "80") };
  const exceptions = (proxyEnv?.NO_PROXY ?? "").split(/[,\s]+/).filter((entry) => entry !== "");
  return exceptions.some((entry) => isException(entry, address)) ? undefined : proxy;
}

/** As Node's agents read NO_PROXY, but for ranges of addresses: `*`, a name or address, `.domain` or `*.domain`, each with or without a port. */
function isException(entry: string, { hostname, port }: { readonly hostname: string; readonly port: string }): boolean {
  if (entry === "*") return true;
  const [, name = entry, onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const suffix = /^\*?(\..+)$/.exec(name)?.[1];
  return suffix === undefined ? hostname === name : hostname.endsWith(suffix);
}
