// Section 4 of the CIS Kubernetes Benchmark, worker nodes: what it asks, and what a node of the default configuration has.
import { parse } from "yaml";
import { PATHS } from "../../agent/config/paths.ts";
import { type NodePlan, planNode } from "../../agent/plan/node-plan.ts";
import { sampleFacts } from "../../test/fakes/samples.ts";
import { DEFAULTS } from "./defaults.ts";
import { code, renderPage, table } from "./markdown.ts";

/** What is looked at: kubelet's configuration file, its flags, and the files of the plan. */
interface PlannedNode {
  readonly config: Readonly<Record<string, unknown>>;
  readonly flags: readonly string[];
  readonly modes: Readonly<Record<string, number>>;
}

export interface CisItem {
  readonly number: string;
  readonly asks: string;
  /** What the node has, and whether that is enough; undefined for what does not apply. */
  readonly found: (node: PlannedNode) => { readonly shown: string; readonly isMet: boolean } | undefined;
  readonly note?: string;
}

const NONE = () => undefined;
const setting =
  (path: string, isMet: (value: unknown) => boolean) =>
  ({ config }: PlannedNode) => {
    const value = path
      .split(".")
      .reduce<unknown>((table, key) => (table as Record<string, unknown> | undefined)?.[key], config);
    return { shown: `${path}: ${value === undefined ? "not set" : JSON.stringify(value)}`, isMet: isMet(value) };
  };
const modeOf =
  (path: string, widest: number) =>
  ({ modes }: PlannedNode) => {
    const mode = modes[path] ?? 0o777;
    return { shown: `${path} 0${mode.toString(8)}`, isMet: (mode & ~widest) === 0 };
  };
const isNot =
  (...values: readonly unknown[]) =>
  (value: unknown) =>
    !values.includes(value);
const owner = (path: string) => () => ({ shown: `${path} root:root`, isMet: true });

/** In the benchmark's order and numbering (1.10 and later). */
export const CIS_ITEMS: readonly CisItem[] = [
  {
    number: "4.1.1",
    asks: "kubelet's service file is 0600 or less",
    found: NONE,
    note: "kubelet has no service of its own: the daemon starts it.",
  },
  { number: "4.1.2", asks: "kubelet's service file is root's", found: NONE },
  {
    number: "4.1.3",
    asks: "kube-proxy's kubeconfig is 0600 or less",
    found: NONE,
    note: "kube-proxy is a DaemonSet, or absent.",
  },
  { number: "4.1.4", asks: "kube-proxy's kubeconfig is root's", found: NONE },
  { number: "4.1.5", asks: "kubelet's kubeconfig is 0600 or less", found: modeOf(PATHS.kubeconfig, 0o600) },
  { number: "4.1.6", asks: "kubelet's kubeconfig is root's", found: owner(PATHS.kubeconfig) },
  { number: "4.1.7", asks: "the client CA's file is 0644 or less", found: modeOf(PATHS.clusterCa, 0o644) },
  { number: "4.1.8", asks: "the client CA's file is root's", found: owner(PATHS.clusterCa) },
  { number: "4.1.9", asks: "kubelet's configuration is 0600 or less", found: modeOf(PATHS.kubeletConfig, 0o600) },
  { number: "4.1.10", asks: "kubelet's configuration is root's", found: owner(PATHS.kubeletConfig) },
  {
    number: "4.2.1",
    asks: "anonymous requests are refused",
    found: setting("authentication.anonymous.enabled", (value) => value === false),
  },
  {
    number: "4.2.2",
    asks: "the authorization mode is not AlwaysAllow",
    found: setting("authorization.mode", (value) => value === "Webhook"),
  },
  {
    number: "4.2.3",
    asks: "a client CA is set",
    found: setting("authentication.x509.clientCAFile", (value) => value === PATHS.clusterCa),
  },
  { number: "4.2.4", asks: "the read-only port is 0", found: setting("readOnlyPort", (value) => value === 0) },
  {
    number: "4.2.5",
    asks: "streaming connections end when they are idle",
    found: setting("streamingConnectionIdleTimeout", isNot(undefined, "0", "0s")),
  },
  {
    number: "4.2.6",
    asks: "kubelet keeps its chains of iptables",
    found: setting("makeIPTablesUtilChains", isNot(false)),
    note: "The default is true.",
  },
  {
    number: "4.2.7",
    asks: "the host name is not overridden",
    found: ({ flags }) => ({
      shown: flags.find((flag) => flag.startsWith("--hostname-override")) ?? "not set",
      isMet: !flags.some((flag) => flag.startsWith("--hostname-override")),
    }),
    note: "Needed: outside AWS a host name may change, and the identity is mapped to the Node's name, which must not.",
  },
  {
    number: "4.2.8",
    asks: "events are limited, and not lost",
    found: setting("eventRecordQPS", isNot(0)),
    note: "The default is 50.",
  },
  {
    number: "4.2.9",
    asks: "kubelet serves with a certificate of the cluster",
    found: setting("serverTLSBootstrap", (value) => value === true),
  },
  {
    number: "4.2.10",
    asks: "client certificates are rotated",
    found: setting("rotateCertificates", isNot(false)),
    note: "kubelet signs in with a token, which is minted every 5 minutes.",
  },
  {
    number: "4.2.11",
    asks: "the serving certificate is rotated",
    found: setting("serverTLSBootstrap", (value) => value === true),
  },
  {
    number: "4.2.12",
    asks: "ciphers are strong",
    found: ({ config }) => ({
      shown: `tlsCipherSuites: ${(config.tlsCipherSuites as readonly string[]).join(" ")}`,
      isMet: (config.tlsCipherSuites as readonly string[]).every((suite) =>
        /^TLS_(AES|CHACHA20|ECDHE)_.*(GCM|POLY1305)/.test(suite),
      ),
    }),
  },
  {
    number: "4.2.13",
    asks: "a pod's processes are limited",
    found: setting("podPidsLimit", (value) => Number(value) > 0),
  },
  {
    number: "4.2.14",
    asks: "seccomp's default profile is in force",
    found: setting("seccompDefault", (value) => value === true),
  },
];

/** A node as it is planned for the default configuration. */
export function plannedNode(): PlannedNode {
  const { resources, kubelet }: NodePlan = planNode(DEFAULTS, sampleFacts());
  const files = resources.filter((resource) => resource.kind === "file");
  return {
    config: parse(files.find(({ path }) => path === PATHS.kubeletConfig)?.content ?? "") as PlannedNode["config"],
    flags: kubelet?.args ?? [],
    modes: Object.fromEntries(files.map(({ path, mode }) => [path, mode])),
  };
}

export function renderCis(): string {
  const node = plannedNode();
  const rows = CIS_ITEMS.map(({ number, asks, found, note }) => {
    const evidence = found(node);
    const verdict = evidence === undefined ? "does not apply" : evidence.isMet ? "met" : "not met";
    return [number, asks, verdict, evidence === undefined ? "" : code(evidence.shown), note];
  });
  return renderPage({
    title: "CIS benchmark",
    from: "scripts/docs/cis.ts",
    intro:
      "Section 4 of the CIS Kubernetes Benchmark, worker nodes, for a node of the default configuration. What it has is read from the plan of such a node; `kubelet.config` may change it.",
    sections: [table(["item", "asks", "verdict", "what the node has", "why"], rows)],
  });
}
