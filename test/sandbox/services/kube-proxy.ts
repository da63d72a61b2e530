// kube-proxy as EKS's add-on installs it: a DaemonSet on the host's network, kept away from Fargate and Auto Mode.
import { stringify } from "yaml";
import { endpointName } from "../addresses.ts";
import { importMissing } from "../images.ts";
import type { Sandbox } from "../sandbox.ts";
import { region, type SandboxFacts } from "../state.ts";
import { kubeProxyImage } from "./kube-proxy-image.ts";

const namespace = "kube-system";
const labels = { "k8s-app": "kube-proxy" };
/** EKS's account of add-ons' images in most regions. */
const registry = `602401143452.dkr.ecr.${region}.amazonaws.com`;

/** Puts the image into the machine, and the add-on's objects into the cluster. */
export async function installKubeProxy(sandbox: Sandbox): Promise<void> {
  await importMissing(sandbox.machine, [await kubeProxyImage(sandbox, imageTag(sandbox.facts))]);
  const objects = [...accessObjects(), ...configObjects(sandbox.facts.clusterId), daemonSet(sandbox.facts)];
  await sandbox.kubectl(["apply", "--filename=-"], objects.map((object) => `${JSON.stringify(object)}\n`).join(""));
}

function imageTag({ kubernetes }: SandboxFacts): string {
  return `${registry}/eks/kube-proxy:v${kubernetes}-minimal-eksbuild.1`;
}

function accessObjects(): object[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "kube-proxy", namespace, labels } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "eks:kube-proxy", labels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-proxier" },
      subjects: [{ kind: "ServiceAccount", name: "kube-proxy", namespace }],
    },
  ];
}

function configObjects(clusterId: string): object[] {
  const account = "/var/run/secrets/kubernetes.io/serviceaccount";
  const cluster = { "certificate-authority": `${account}/ca.crt`, server: `https://${endpointName(clusterId)}` };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "default", cluster }],
    users: [{ name: "default", user: { tokenFile: `${account}/token` } }],
    contexts: [{ name: "default", context: { cluster: "default", namespace: "default", user: "default" } }],
    "current-context": "default",
  };
  const map = (name: string, data: object) => ({
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels } },
    data,
  });
  return [
    map("kube-proxy", { kubeconfig: stringify(kubeconfig) }),
    map("kube-proxy-config", { config: stringify(configuration) }),
  ];
}

const configuration = {
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  bindAddress: "0.0.0.0",
  clientConnection: {
    contentType: "application/vnd.kubernetes.protobuf",
    kubeconfig: "/var/lib/kube-proxy/kubeconfig",
    qps: 5,
    burst: 10,
  },
  clusterCIDR: "",
  // The host's kernel is not the sandbox's to size: EKS has maxPerCore 32768 and min 131072.
  conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: "0s", tcpEstablishedTimeout: "0s" },
  healthzBindAddress: "0.0.0.0:10256",
  iptables: { masqueradeAll: false, masqueradeBit: 14, minSyncPeriod: "0s", syncPeriod: "30s" },
  metricsBindAddress: "0.0.0.0:10249",
  mode: "iptables",
};

function daemonSet(facts: SandboxFacts): object {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "kube-proxy", namespace, labels: { ...labels, "eks.amazonaws.com/component": "kube-proxy" } },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } },
      template: { metadata: { labels }, spec: podSpec(imageTag(facts)) },
    },
  };
}

function podSpec(image: string): object {
  return {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: "kubernetes.io/os", operator: "In", values: ["linux"] },
                { key: "kubernetes.io/arch", operator: "In", values: ["amd64", "arm64"] },
                { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate", "auto"] },
              ],
            },
          ],
        },
      },
    },
    hostNetwork: true,
    dnsPolicy: "ClusterFirst",
    priorityClassName: "system-node-critical",
    serviceAccountName: "kube-proxy",
    tolerations: [{ operator: "Exists" }],
    containers: [container(image)],
    volumes: [
      { name: "varlog", hostPath: { path: "/var/log" } },
      { name: "xtables-lock", hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" } },
      { name: "lib-modules", hostPath: { path: "/lib/modules" } },
      { name: "kubeconfig", configMap: { name: "kube-proxy" } },
      { name: "config", configMap: { name: "kube-proxy-config" } },
    ],
  };
}

function container(image: string): object {
  return {
    name: "kube-proxy",
    image,
    command: ["kube-proxy", "--v=2", "--hostname-override=$(NODE_NAME)", "--config=/var/lib/kube-proxy-config/config"],
    env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
    resources: { requests: { cpu: "100m" } },
    securityContext: { privileged: true },
    volumeMounts: [
      { name: "varlog", mountPath: "/var/log" },
      { name: "xtables-lock", mountPath: "/run/xtables.lock" },
      { name: "lib-modules", mountPath: "/lib/modules", readOnly: true },
      { name: "kubeconfig", mountPath: "/var/lib/kube-proxy/" },
      { name: "config", mountPath: "/var/lib/kube-proxy-config/" },
    ],
  };
}
