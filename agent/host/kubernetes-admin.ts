// The API server as an administrator, with Kubernetes' own client: it knows what users' kubeconfigs hold (exec plugins, proxies).
// Loaded by the commands that need it alone, from a file of its own: the daemon never holds it. So it imports no class of ours.
import { type CoreV1Api, type CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import {
  clusterOf,
  createClient,
  type KubernetesAccess,
  loadKubeconfig,
  type RawRequest,
  tokenConfig,
} from "./kubernetes-client/client.ts";

/** What of a core/v1 ConfigMap matters here. */
export interface ConfigMap {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** Where a ConfigMap is. */
export interface ConfigMapName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * What an administrator reads and changes at the API server. A call throws what the client does: an answer that is no success has its status in `code` and its
 * text in `body`; an error named `KubeconfigError` says that the credentials could not be had; any other means no answer.
 */
export interface AdminKubernetes {
  /** URL of the API server. */
  readonly server: string;
  readConfigMap(of: ConfigMapName): Promise<ConfigMap>;
  createConfigMap(of: ConfigMapName, data: Readonly<Record<string, string>>): Promise<void>;
  /** Changes some keys of the version that was read; null removes a key. */
  patchConfigMap(of: ConfigMapName, resourceVersion: string, data: ConfigMapChange): Promise<void>;
  deleteConfigMap(of: ConfigMapName): Promise<void>;
  /** Objects of rbac.authorization.k8s.io/v1. */
  readRbac(of: RbacName): Promise<unknown>;
  createRbac(of: RbacName, object: object): Promise<void>;
  replaceRbac(of: RbacName, object: object): Promise<void>;
  deleteRbac(of: RbacName): Promise<void>;
  /** DaemonSets of apps/v1 in kube-system. */
  readDaemonSet(name: string): Promise<unknown>;
  createDaemonSet(object: object): Promise<void>;
  replaceDaemonSet(name: string, object: object): Promise<void>;
  readNode(name: string): Promise<AdminNode>;
  /** What kubelet answers at /healthz, asked by the API server itself. */
  readNodeHealth(name: string): Promise<string>;
  /** Any request, for what has no call of its own; returns the answer's body. */
  send(request: RawRequest): Promise<string>;
}

export type ConfigMapChange = Readonly<Record<string, string | null>>;

/** Where an object of rbac.authorization.k8s.io is; without a namespace it is the cluster's. */
export interface RbacName {
  readonly plural: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** What of a core/v1 Node matters here. */
export interface AdminNode {
  readonly annotations: Readonly<Record<string, string>>;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
}

/**
 * Creates the handle.
 * @param proxyFor the proxy of the environment for a URL, where the kubeconfig names none
 * @throws Error when the kubeconfig cannot be used
 */
export function createAdminKubernetes(
  access: KubernetesAccess,
  proxyFor: (url: string) => string | undefined,
): AdminKubernetes {
  const kubeconfig = access.kind === "kubeconfig" ? loadKubeconfig(access) : undefined;
  const server = access.kind === "token" ? access.endpoint : clusterOf(kubeconfig).server;
  const connect = async () => {
    const config = access.kind === "token" ? await tokenConfig(access) : (kubeconfig ?? new KubeConfig());
    return createClient(config, proxyFor(server));
  };
  return {
    server,
    ...createConfigMapCalls(async () => (await connect()).core),
    ...createRbacCalls(async () => (await connect()).custom),
    ...createDaemonSetCalls(async () => (await connect()).custom),
    async readNode(name) {
      const { metadata, status } = await (await connect()).core.readNode({ name });
      return { annotations: metadata?.annotations ?? {}, addresses: status?.addresses ?? [] };
    },
    async readNodeHealth(name) {
      return (await connect()).core.connectGetNodeProxyWithPath({ name, path: "healthz" });
    },
    async send(request) {
      return (await connect()).send(request);
    },
  };
}

type ConfigMapCalls = "readConfigMap" | "createConfigMap" | "patchConfigMap" | "deleteConfigMap";

function createConfigMapCalls(core: () => Promise<CoreV1Api>): Pick<AdminKubernetes, ConfigMapCalls> {
  return {
    async readConfigMap(of) {
      // The API server sends a resourceVersion with every object.
      return (await (await core()).readNamespacedConfigMap(of)) as ConfigMap;
    },
    async createConfigMap({ namespace, name }, data) {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
      await (await core()).createNamespacedConfigMap({ namespace, body });
    },
    async patchConfigMap(of, resourceVersion, data) {
      const body = { metadata: { resourceVersion }, data };
      await (await core()).patchNamespacedConfigMap({ ...of, body });
    },
    async deleteConfigMap(of) {
      await (await core()).deleteNamespacedConfigMap(of);
    },
  };
}

type RbacCalls = "readRbac" | "createRbac" | "replaceRbac" | "deleteRbac";

/** The client for objects of any group: the one for RBAC brings 40 kinds of calls. */
function createRbacCalls(custom: () => Promise<CustomObjectsApi>): Pick<AdminKubernetes, RbacCalls> {
  const GROUP = { group: "rbac.authorization.k8s.io", version: "v1" };
  return {
    async readRbac({ namespace, ...of }) {
      return namespace === undefined
        ? (await custom()).getClusterCustomObject({ ...GROUP, ...of })
        : (await custom()).getNamespacedCustomObject({ ...GROUP, ...of, namespace });
    },
    async createRbac({ namespace, plural }, body) {
      if (namespace === undefined) await (await custom()).createClusterCustomObject({ ...GROUP, plural, body });
      else await (await custom()).createNamespacedCustomObject({ ...GROUP, plural, namespace, body });
    },
    async replaceRbac({ namespace, ...of }, body) {
      if (namespace === undefined) await (await custom()).replaceClusterCustomObject({ ...GROUP, ...of, body });
      else await (await custom()).replaceNamespacedCustomObject({ ...GROUP, ...of, namespace, body });
    },
    async deleteRbac({ namespace, ...of }) {
      if (namespace === undefined) await (await custom()).deleteClusterCustomObject({ ...GROUP, ...of });
      else await (await custom()).deleteNamespacedCustomObject({ ...GROUP, ...of, namespace });
    },
  };
}

type DaemonSetCalls = "readDaemonSet" | "createDaemonSet" | "replaceDaemonSet";

function createDaemonSetCalls(custom: () => Promise<CustomObjectsApi>): Pick<AdminKubernetes, DaemonSetCalls> {
  const ALL = { group: "apps", version: "v1", plural: "daemonsets", namespace: "kube-system" };
  return {
    readDaemonSet: async (name) => (await custom()).getNamespacedCustomObject({ ...ALL, name }),
    async createDaemonSet(body) {
      await (await custom()).createNamespacedCustomObject({ ...ALL, body });
    },
    async replaceDaemonSet(name, body) {
      await (await custom()).replaceNamespacedCustomObject({ ...ALL, name, body });
    },
  };
}
