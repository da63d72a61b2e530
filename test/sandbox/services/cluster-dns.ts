// Cluster DNS: CoreDNS as a pod in the VPC, under the ServiceAccount and with the Corefile of EKS's add-on.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { buildCoreDns } from "../go-builds.ts";
import { execIn } from "../links.ts";
import { inNamespace } from "../network.ts";
import { lastLines, startDaemon, stopDaemon } from "../process.ts";
import type { Sandbox } from "../sandbox.ts";
import { writeAtomic } from "../state.ts";
import type { Progress } from "../step.ts";
import { apiEniAddresses } from "../vpc/addresses.ts";
import { waitFor } from "../wait.ts";
import { podNamespace, renderService } from "./vpc-pod.ts";

/** Its name among the sandbox's daemons, and so of its log. */
const daemonName = "coredns";

const account = { name: "coredns", namespace: "kube-system" };
const dnsService = { name: "kube-dns", namespace: "kube-system", clusterIP: "10.100.0.10" } as const;
const dnsPorts = [
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "dns-tcp", port: 53, protocol: "TCP" },
  { name: "metrics", port: 9153 },
] as const;

/** Builds it, and starts it unless it runs. */
export async function startClusterDns(sandbox: Sandbox, progress: Progress): Promise<void> {
  const program = await buildCoreDns(progress);
  await progress.step("cluster DNS", () => runClusterDns(sandbox, program));
}

/** Takes it away: its Service and its endpoint stay. */
export function stopClusterDns({ folder }: Sandbox): Promise<void> {
  return stopDaemon(folder, daemonName);
}

async function runClusterDns(sandbox: Sandbox, program: string): Promise<void> {
  const { folder, addresses } = sandbox;
  const labels = { "k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS" };
  await sandbox.kubectl(
    ["apply", "--filename=-"],
    `${renderAccess()}${renderService(dnsService, addresses.dnsPod, dnsPorts, labels)}`,
  );
  const home = join(folder, "services");
  await mkdir(home, { recursive: true });
  const { name, namespace } = account;
  const token = await sandbox.kubectl(["create", "token", name, `--namespace=${namespace}`, "--duration=8760h"]);
  await writeAtomic(join(home, "coredns.token"), token, 0o600);
  await writeAtomic(join(home, "coredns-kubeconfig.yaml"), renderKubeconfig(sandbox, join(home, "coredns.token")));
  const corefile = renderCorefile(addresses.dnsPod, join(home, "coredns-kubeconfig.yaml"));
  await writeAtomic(join(home, "Corefile"), corefile);
  const command = inNamespace(podNamespace(addresses), [program, "-conf", join(home, "Corefile")]);
  await startDaemon(folder, { name: daemonName, command, restartOn: corefile });
  const wait = { what: "CoreDNS to be ready", deadlineMs: 20_000, explain: () => lastLines(folder, daemonName) };
  const ready = ["curl", "--silent", "--fail", "--max-time", "2", `http://${addresses.dnsPod}:8181/ready`];
  await waitFor(wait, async () => (await execIn(podNamespace(addresses), ready)).exitCode === 0);
}

/** That of EKS's add-on, on an address of its own. Names from outside get no answer: there is no resolver of the VPC. */
function renderCorefile(address: string, kubeconfig: string): string {
  return `.:53 {
    bind ${address}
    errors
    health ${address}:8080 {
        lameduck 1s
    }
    ready ${address}:8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig ${kubeconfig}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    prometheus ${address}:9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
`;
}

function renderKubeconfig({ folder, addresses }: Sandbox, tokenFile: string): string {
  const cluster = {
    server: `https://${addresses.vpc ? apiEniAddresses[0] : addresses.api}`,
    "certificate-authority": join(folder, "pki", "ca.crt"),
  };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "default", cluster }],
    users: [{ name: "default", user: { tokenFile } }],
    contexts: [{ name: "default", context: { cluster: "default", user: "default" } }],
    "current-context": "default",
  });
}

function renderAccess(): string {
  const verbs = ["list", "watch"];
  const metadata = { name: "system:coredns" };
  const role = {
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata },
    rules: [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs },
    ],
  };
  const binding = {
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
  const serviceAccount = { apiVersion: "v1", kind: "ServiceAccount", metadata: account };
  return [serviceAccount, role, binding].map((object) => `${JSON.stringify(object)}\n`).join("");
}
