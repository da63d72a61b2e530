// The control plane: etcd, aws-iam-authenticator, kube-apiserver, kube-controller-manager and kube-scheduler.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Addresses } from "./addresses.ts";
import { awsEnvironment } from "./authentication.ts";
import { kubeconfigPath, runKubectl, writeKubeconfigs } from "./kubectl.ts";
import { inNamespace } from "./network.ts";
import { type Daemon, lastLines, startDaemon } from "./process.ts";
import type { Programs } from "./programs.ts";
import { clusterName, writeAtomic } from "./state.ts";
import { apiEniAddresses } from "./vpc/addresses.ts";
import { waitFor } from "./wait.ts";

/** A started control plane's parts all share these. */
interface ControlPlane {
  readonly folder: string;
  readonly pki: string;
  readonly addresses: Addresses;
  readonly programs: Programs;
  /** How long a kubelet may be silent before its Node is not Ready, seconds. */
  readonly graceSeconds: number;
}

/** kube-controller-manager's own default. */
const defaultGraceSeconds = 50;

/** Starts what does not run, in the order of need, and waits until the API server is ready. */
export async function startControlPlane(
  folder: string,
  addresses: Addresses,
  programs: Programs,
  graceSeconds = defaultGraceSeconds,
): Promise<void> {
  const plane: ControlPlane = { folder, pki: join(folder, "pki"), addresses, programs, graceSeconds };
  await writeKubeconfigs(folder, addresses);
  await start(plane, etcd(plane));
  await startAuthenticator(plane);
  await start(plane, apiServer(plane));
  await waitFor(
    { what: "kube-apiserver to be ready", deadlineMs: 60_000, explain: () => lastLines(folder, "kube-apiserver") },
    async () => (await runKubectl(folder, programs.kubernetes, ["get", "--raw=/readyz"])).stdout === "ok",
  );
  await start(plane, controllerManager(plane));
  await start(plane, scheduler(plane));
}

async function startAuthenticator(plane: ControlPlane): Promise<void> {
  const { folder, programs } = plane;
  const state = join(folder, "authenticator");
  await mkdir(state, { recursive: true });
  const config = join(state, "config.yaml");
  const text = stringify({
    clusterID: clusterName,
    server: {
      port: 21362,
      stateDir: state,
      generateKubeconfig: webhookKubeconfig(folder),
      // In EKS's order: an access entry goes before aws-auth.
      backendMode: ["DynamicFile", "EKSConfigMap"],
      dynamicfilepath: join(folder, "aws", "access-entries.json"),
      kubeconfig: kubeconfigPath(folder, "admin"),
    },
  });
  await writeAtomic(config, text);
  await start(plane, {
    name: "aws-iam-authenticator",
    command: [join(programs.awsTools, "aws-iam-authenticator"), "server", "--config", config],
    environment: awsEnvironment(folder),
    restartOn: text,
  });
  await waitFor({ what: "aws-iam-authenticator to write its kubeconfig", deadlineMs: 10_000 }, async () =>
    (await readFile(webhookKubeconfig(folder), "utf8")).includes("current-context"),
  );
}

function etcd({ folder, programs }: ControlPlane): Daemon {
  const client = "http://127.0.0.1:2379";
  return {
    name: "etcd",
    command: [
      programs.etcd,
      `--data-dir=${join(folder, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      "--listen-peer-urls=http://127.0.0.1:2380",
    ],
  };
}

function apiServer({ folder, pki, addresses, programs }: ControlPlane): Daemon {
  return {
    name: "kube-apiserver",
    command: [
      join(programs.kubernetes, "kube-apiserver"),
      "--etcd-servers=http://127.0.0.1:2379",
      ...(addresses.vpc ? everywhere : [`--bind-address=${addresses.api}`, `--advertise-address=${addresses.api}`]),
      "--secure-port=443",
      `--tls-cert-file=${join(pki, "apiserver.crt")}`,
      `--tls-private-key-file=${join(pki, "apiserver.key")}`,
      `--client-ca-file=${join(pki, "ca.crt")}`,
      `--service-account-key-file=${join(pki, "service-accounts.key")}`,
      `--service-account-signing-key-file=${join(pki, "service-accounts.key")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-cluster-ip-range=10.100.0.0/16",
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      `--authentication-token-webhook-config-file=${webhookKubeconfig(folder)}`,
      "--authentication-token-webhook-version=v1beta1",
      // The default of 2 minutes would hide for as long that AWS takes a token no more.
      "--authentication-token-webhook-cache-ttl=10s",
      ...aggregation(pki),
      `--kubelet-client-certificate=${join(pki, "kubelet-client.crt")}`,
      `--kubelet-client-key=${join(pki, "kubelet-client.key")}`,
      `--kubelet-certificate-authority=${join(pki, "ca.crt")}`,
      "--kubelet-preferred-address-types=InternalIP",
      "--endpoint-reconciler-type=none",
      "--allow-privileged",
    ],
  };
}

/** What aggregated API servers are asked with, and believe. */
function aggregation(pki: string): readonly string[] {
  return [
    `--proxy-client-cert-file=${join(pki, "front-proxy-client.crt")}`,
    `--proxy-client-key-file=${join(pki, "front-proxy-client.key")}`,
    `--requestheader-client-ca-file=${join(pki, "front-proxy-ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
  ];
}

/** A webhook is called at its pods' addresses: no kube-proxy stands between the control plane and the VPC. */
const everywhere = [
  "--bind-address=0.0.0.0",
  `--advertise-address=${apiEniAddresses[0]}`,
  "--enable-aggregator-routing=true",
];

function controllerManager({ folder, pki, programs, graceSeconds }: ControlPlane): Daemon {
  return {
    name: "kube-controller-manager",
    command: [
      join(programs.kubernetes, "kube-controller-manager"),
      `--kubeconfig=${kubeconfigPath(folder, "controller-manager")}`,
      `--service-account-private-key-file=${join(pki, "service-accounts.key")}`,
      `--root-ca-file=${join(pki, "ca.crt")}`,
      `--cluster-signing-cert-file=${join(pki, "ca.crt")}`,
      `--cluster-signing-key-file=${join(pki, "ca.key")}`,
      "--service-cluster-ip-range=10.100.0.0/16",
      "--use-service-account-credentials",
      `--node-monitor-grace-period=${graceSeconds}s`,
      "--leader-elect=false",
    ],
  };
}

function scheduler({ folder, programs }: ControlPlane): Daemon {
  const kubeconfig = kubeconfigPath(folder, "scheduler");
  return {
    name: "kube-scheduler",
    command: [join(programs.kubernetes, "kube-scheduler"), `--kubeconfig=${kubeconfig}`, "--leader-elect=false"],
  };
}

function start({ folder, addresses }: ControlPlane, daemon: Daemon): Promise<boolean> {
  return startDaemon(folder, { ...daemon, command: inNamespace(addresses.controlNamespace, daemon.command) });
}

function webhookKubeconfig(folder: string): string {
  return join(folder, "authenticator", "webhook.yaml");
}
