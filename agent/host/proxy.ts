// HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as Go's programs (kubelet and containerd among them) honour them; Node does not by itself.
import http, { type ProxyEnv } from "node:http";
import https from "node:https";
import { SatelliteError } from "../errors.ts";
import { isDirect } from "./no-proxy.ts";

/** Those of the agents that AWS's clients make themselves. */
const AWS_OPTIONS = { keepAlive: true, maxSockets: 50 };

/** A certificate is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
const VERIFYING = { rejectUnauthorized: true };

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables as Go reads them: a name in capitals first, and a proxy without a scheme is one for HTTP. @throws proxy-invalid, proxy-unsupported */
export function proxyEnvironment(environment: Environment): ProxyEnv {
  const proxies = ["HTTPS_PROXY", "HTTP_PROXY"].flatMap((name) => {
    const value = readVariable(environment, name);
    return value === "" ? [] : [[name, parseProxy(name, value)] as const];
  });
  return { ...Object.fromEntries(proxies), NO_PROXY: readVariable(environment, "NO_PROXY") };
}

/** A variable by its name in capitals or in small letters; empty when there is none. */
export function readVariable(environment: Environment, name: string): string {
  return environment[name] || environment[name.toLowerCase()] || "";
}

function parseProxy(name: string, value: string): string {
  const written = /^[a-z][a-z0-9+.-]{0,20}:\/\//i.test(value) ? value : `http://${value}`;
  const protocol = URL.parse(written)?.protocol ?? "";
  if (/^socks5h?:$/.test(protocol)) throw unsupported(name);
  if (!/^https?:$/.test(protocol)) throw invalid(name);
  return written;
}

/** Makes every request of this process use them. @throws proxy-invalid, proxy-unsupported */
export function honourProxies(environment: Environment): void {
  const proxies = proxyEnvironment(environment);
  if (proxies.HTTPS_PROXY === undefined && proxies.HTTP_PROXY === undefined) return;
  const agents = createProxyingAgents(proxies);
  http.globalAgent = agents.http;
  https.globalAgent = agents.https;
}

/** The agent for AWS's clients, which have their own, or the options of one where there is no proxy. */
export function proxiedAgent(): ProxyingAgents["https"] | https.AgentOptions {
  const proxies = currentProxies();
  return proxies === undefined ? VERIFYING : createProxyingAgents(proxies, { ...AWS_OPTIONS, ...VERIFYING }).https;
}

/** The proxy for a URL; undefined for a direct connection. */
export function proxyFor(url: string, proxies: ProxyEnv | undefined = currentProxies()): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const proxy = protocol === "https:" ? proxies?.HTTPS_PROXY : proxies?.HTTP_PROXY;
  if (proxy === undefined || proxy === "") return undefined;
  const target = { hostname: hostname.replace(/^\[|\]$/g, ""), port: port || (protocol === "https:" ? "443" : "80") };
  return isDirect(target, proxies?.NO_PROXY ?? "") ? undefined : proxy;
}

// The messages omit the value, which may hold a password.
function invalid(name: string): SatelliteError {
  return new SatelliteError("proxy-invalid", `${name} is not the URL of a proxy, and is ignored`, {
    hint: `${name}=http://HOST:PORT, in /etc/eks-satellite/environment for the service.`,
  });
}

function unsupported(name: string): SatelliteError {
  return new SatelliteError(
    "proxy-unsupported",
    `${name} is a SOCKS proxy: kubelet uses it, and this program does not`,
    {
      hint: `${name}=http://HOST:PORT of a proxy for HTTP, in /etc/eks-satellite/environment for the service.`,
    },
  );
}

interface ProxyingAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

/** What Node asks for each request, in its agents and in the request itself. */
interface ProxyConfig {
  shouldUseProxy(hostname: string, port?: number | string): boolean;
}

/** Those of Node's own global agents. */
const GLOBAL_OPTIONS = { keepAlive: true, scheduling: "lifo", timeout: 5000 } as const;

/** Creates the agents for these variables, of which each has been checked. */
function createProxyingAgents(proxies: ProxyEnv, own: https.AgentOptions = GLOBAL_OPTIONS): ProxyingAgents {
  const { NO_PROXY = "", ...always } = proxies;
  const options = { ...own, proxyEnv: always };
  return {
    http: withExceptions(new http.Agent(options), NO_PROXY, "80", proxies),
    https: withExceptions(new https.Agent(options), NO_PROXY, "443", proxies),
  };
}

/** The variables in force in this process. */
function currentProxies(): ProxyEnv | undefined {
  return (https.globalAgent as { readonly proxies?: ProxyEnv }).proxies;
}

/** An agent without a proxy for its protocol has no such part. */
function withExceptions<T extends http.Agent>(agent: T, noProxy: string, defaultPort: string, proxies: ProxyEnv): T {
  const config = proxyConfigOf(agent);
  if (config !== undefined)
    config.shouldUseProxy = (hostname, port) => !isDirect({ hostname, port: String(port ?? defaultPort) }, noProxy);
  return Object.assign(agent, { proxies });
}

/** Node keeps it under a symbol of its own. @throws unexpected, when this Node has none: requests would go where they should not */
function proxyConfigOf(agent: http.Agent): ProxyConfig | undefined {
  const symbol = Object.getOwnPropertySymbols(agent).find(({ description }) => description === "kProxyConfig");
  if (symbol === undefined)
    throw new SatelliteError("unexpected", `Node ${process.version} lacks what proxies need`, {
      hint: "Report this with the version of Node.",
    });
  return (agent as unknown as Record<symbol, ProxyConfig | undefined>)[symbol] ?? undefined;
}
