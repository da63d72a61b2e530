// The way to AWS and to the API server: names, connections, certificates, proxies, and the time.

import { eksUrl, readClockSkewMs, stsUrl } from "../aws/aws-endpoints.ts";
import { networkProblemOf } from "../aws/network-error.ts";
import { DEFAULT_ENVIRONMENT_PATH } from "../config/load.ts";
import type { Host } from "../host/host.ts";
import { isDirect, isNetworkDirect } from "../host/no-proxy.ts";
import { proxyEnvironment } from "../host/proxy.ts";
import { optional } from "../optional.ts";
import { withoutUserInfo } from "../redact/addresses.ts";
import { type Check, configured, type Finding, fail, ok, unknown, warn } from "./check.ts";
import type { CheckContext } from "./context.ts";

const CONTAINERD = "containerd.service";
const TIMEOUT_SECONDS = 5;
/** SigV4 and EKS: a signature may be 5 minutes off, a token is valid for 15. */
const WARN_SKEW_SECONDS = 60;
const MAX_SKEW_SECONDS = 300;

const REMEDIES = {
  dns: "resolvectl status; cat /etc/resolv.conf: the name servers there must answer.",
  refused: "A firewall on the way refuses the connection, or a proxy must be set in HTTPS_PROXY.",
  timeout: "Allow outgoing TCP 443: nothing answers.",
  certificate: "A proxy on the way that inspects TLS replaces certificates: exempt this host from it.",
  other: "curl -v shows where it fails.",
} as const;

export const NETWORK_CHECKS: readonly Check[] = [
  configured({
    name: "dns",
    checks: "the names of STS, EKS and the API server can be resolved",
    run: async ({ host, knownCluster }, config) => {
      const cluster = await knownCluster().catch(() => undefined); // Then the API server's name is unknown too.
      const urls = [stsUrl(config), eksUrl(config), ...(cluster === undefined ? [] : [cluster.endpoint])];
      const names = urls.map((url) => new URL(url).hostname);
      await Promise.all(names.map((name) => host.resolve(name)));
      return ok(`${names.join(", ")} can be resolved`);
    },
  }),
  configured({
    name: "sts",
    checks: "STS answers over HTTPS",
    run: (context, config) => connect(context, stsUrl(config)),
  }),
  configured({
    name: "eks",
    checks: "EKS answers over HTTPS",
    run: (context, config) => connect(context, eksUrl(config)),
  }),
  configured({
    name: "api-server",
    checks: "the API server answers with a certificate that the cluster's CA has signed",
    run: async (context) => {
      const cluster = await context.knownCluster().catch(() => undefined);
      if (cluster === undefined) return unknown("the endpoint is unknown: see describe-cluster");
      return connect(context, `${cluster.endpoint}/version`, cluster.caPem);
    },
  }),
  configured({
    name: "clock",
    checks: "this machine's clock and AWS's agree",
    run: async ({ host }, config) => {
      const skewMs = await readClockSkewMs(host, config, TIMEOUT_SECONDS);
      if (skewMs === undefined) return unknown("STS does not answer, so its clock cannot be read");
      const seconds = Math.round(skewMs / 1000);
      const words = `${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} AWS's Date`;
      const remedy = "timedatectl set-ntp true; AWS refuses signatures that are 5 minutes off, and so EKS tokens too.";
      if (Math.abs(seconds) > MAX_SKEW_SECONDS) return fail(words, remedy);
      return Math.abs(seconds) > WARN_SKEW_SECONDS ? warn(words, remedy) : ok(words);
    },
  }),
  {
    name: "proxy",
    checks: "a proxy has the exceptions that a node needs, and containerd has it too",
    run: async (context) => {
      const { HTTPS_PROXY: proxy, NO_PROXY = "" } = proxyEnvironment(context.environment);
      if (proxy === undefined) return ok("none is set");
      const missing = await missingInNoProxy(context, NO_PROXY);
      const shown = withoutUserInfo(proxy);
      if (missing.length === 0) {
        if (!(await lacksProxy(context.host, CONTAINERD))) return ok(`HTTPS_PROXY=${shown}`);
        return warn(
          `HTTPS_PROXY=${shown}, and containerd runs without one: it pulls images directly`,
          `systemctl edit ${CONTAINERD}: [Service] EnvironmentFile=${DEFAULT_ENVIRONMENT_PATH}; then restart it. Running pods survive that.`,
        );
      }
      return warn(
        `HTTPS_PROXY=${shown}, and NO_PROXY lacks ${missing.join(", ")}`,
        `Add them to NO_PROXY in ${DEFAULT_ENVIRONMENT_PATH}.`,
      );
    },
  },
];

/** Checks TCP, TLS and that any HTTP answer comes; other checks judge the answer. */
async function connect({ host }: CheckContext, url: string, caPem?: string): Promise<Finding> {
  const { origin, hostname } = new URL(url);
  try {
    await host.resolve(hostname); // A hanging resolver must not be mistaken for a hanging server.
    const { status } = await host.fetch({
      url,
      timeoutSeconds: TIMEOUT_SECONDS,
      ...optional({ caPem }),
    });
    return ok(`${origin} answers (${status})${caPem === undefined ? "" : ", with a certificate of the cluster's CA"}`);
  } catch (error) {
    const problem = networkProblemOf(error);
    return fail(`${origin} does not answer (${problem})`, REMEDIES[problem]);
  }
}

/** Reads the environment of the unit's process, whatever its origin. A process that does not run, or may not be read, lacks nothing. */
async function lacksProxy(host: Host, unit: string): Promise<boolean> {
  const { stdout } = await host.run("systemctl", ["show", unit, "--property=MainPID", "--value"]);
  const environment = await host.files.read(`/proc/${stdout.trim()}/environ`).catch(() => undefined); // Not root.
  return environment !== undefined && !/(^|\0)https_proxy=[^\0]/i.test(environment);
}

/** The entries that NO_PROXY lacks, as Go's programs read it. They never use a proxy for this machine itself. */
async function missingInNoProxy({ knownCluster }: CheckContext, noProxy: string): Promise<readonly string[]> {
  const cluster = await knownCluster().catch(() => undefined);
  if (cluster === undefined) return [];
  const { hostname, port } = new URL(cluster.endpoint);
  return [
    ...(isNetworkDirect(cluster.serviceCidr, noProxy) ? [] : [cluster.serviceCidr]),
    ...(isDirect({ hostname, port: port || "443" }, noProxy) ? [] : [hostname]),
  ];
}
