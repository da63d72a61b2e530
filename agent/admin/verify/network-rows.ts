// What a pod on the node reaches: cluster DNS, Services, and NodePorts; the reasons are those of ServicesWorking and ClusterDnsWorking.
import { ask } from "./ask.ts";
import type { ProbeAnswer, Probed } from "./probe-report.ts";
import { fail, ok, type Result, skip } from "./row.ts";
import { onMachine, type Subject } from "./subject.ts";

/** What the questions were about. */
export interface Targets {
  readonly apiAddress: string;
  readonly serviceAddress: string;
  readonly nodePort: number | undefined;
}

/** EKS's add-on, and the copy of it for nodes of identity fargate. */
const KUBE_PROXY = "k8s-app in (kube-proxy,eks-satellite-kube-proxy)";

const WELL: Readonly<Record<Probed, (targets: Targets) => string>> = {
  dns: ({ apiAddress }) => `a pod resolves kubernetes.default to ${apiAddress}`,
  "cluster-ip": ({ apiAddress }) => `the API server answers a pod at its Service's address ${apiAddress}`,
  service: ({ serviceAddress }) => `a pod reaches a pod of this node by the Service's address ${serviceAddress}`,
  "node-port": ({ nodePort }) => `NodePort ${nodePort} answers at the node's address`,
};

/** The first that applies: after a refusal busybox says that its time is over, too, and every answer begins with the server's address. */
const DNS_FAILURES: readonly (readonly [pattern: RegExp, code: string, what: string])[] = [
  [/refused/i, "core-dns-away", "questions to cluster DNS are refused: no pod of it is ready"],
  [/timed out|no servers could be reached/i, "dns-timeout", "cluster DNS does not answer a pod"],
  [
    /NXDOMAIN|can't resolve|can't find|No answer/i,
    "cluster-name-unknown",
    "cluster DNS does not know kubernetes.default",
  ],
  [/Address/i, "cluster-name-wrong", "cluster DNS gives another address for kubernetes.default"],
];

/** Reads what the probe has said of one question. */
export async function judgeProbed(
  subject: Subject,
  probed: Probed,
  { answer, targets }: { answer: ProbeAnswer | undefined; targets: Targets },
): Promise<Result> {
  if (answer === undefined) return skip("the probe in the pod did not come to it");
  if (answer.verdict === "yes") return ok(WELL[probed](targets));
  return probed === "dns" ? explainDns(subject, answer) : explainService(subject, probed, { answer, targets });
}

function explainDns(subject: Subject, { said }: ProbeAnswer): Result {
  const [, code, what] = DNS_FAILURES.find(([pattern]) => pattern.test(said || "timed out")) ?? [
    undefined,
    "dns-failed",
    "a pod cannot ask cluster DNS",
  ];
  return fail(
    code,
    `${what}${said === "" ? "" : `: ${said}`}`,
    `kubectl -n kube-system get pods,endpointslices --selector k8s-app=kube-dns. ${onMachine(subject, "ClusterDnsWorking")}; docs/how-to/services-and-dns.md.`,
  );
}

async function explainService(
  subject: Subject,
  probed: Exclude<Probed, "dns">,
  { answer: { said }, targets }: { answer: ProbeAnswer; targets: Targets },
): Promise<Result> {
  const { nodeName } = subject;
  const { apiAddress, serviceAddress, nodePort } = targets;
  const what = {
    "cluster-ip": `${apiAddress}:443`,
    service: `${serviceAddress}:80`,
    "node-port": `NodePort ${nodePort}`,
  }[probed];
  const words = said === "" ? "" : `: ${said}`;
  const hint = `${onMachine(subject, "ServicesWorking")}; docs/how-to/services-and-dns.md.`;
  const proxies = await ask(subject, {
    verb: "list",
    object: `pods of kube-proxy on ${nodeName}`,
    made: (api) => api.countPods("kube-system", KUBE_PROXY, nodeName),
  });
  if (proxies === 0)
    return fail(
      "kube-proxy-missing",
      `${what} does not answer a pod, and no pod of kube-proxy is on the node${words}`,
      hint,
    );
  if (/refused/i.test(said)) return fail("service-refused", `the connection to ${what} is refused${words}`, hint);
  return fail("service-silent", `${what} does not answer a pod${words}`, hint);
}
