// The API server as `verify` needs it, with Kubernetes' own client. Loaded by that command alone.
import type { CoreV1Api, CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import { createClient } from "../kubernetes-client/client.ts";
import { type KubeconfigFiles, readKubeconfig } from "./kubeconfig.ts";
import { askPort, type ExecResult, execInPod, type PodName } from "./streams.ts";

export type { ExecResult, PodName };

/** What of a core/v1 Node matters here. */
export interface VerifiedNode {
  readonly providerId: string;
  readonly isUnschedulable: boolean;
  readonly ready: { readonly status: string; readonly reason: string; readonly message: string };
  /** Of `nvidia.com/gpu`. */
  readonly gpus: number;
}

/** What of a pod's container matters here. */
export interface ContainerState {
  readonly name: string;
  readonly isRunning: boolean;
  /** Why it waits. */
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** How it ended. */
  readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly message: string };
}

export interface PodStatus {
  readonly phase: string;
  readonly reason: string;
  readonly message: string;
  readonly containers: readonly ContainerState[];
}

/** A pod or a Service that carries the label of `verify`. */
export interface LabelledObject {
  readonly name: string;
  readonly createdAtMs: number;
}

/** The kinds of objects that `verify` makes. */
export type MadeKind = "pod" | "service";

export interface ServiceAddress {
  readonly clusterIp: string;
  readonly nodePort: number | undefined;
}

/**
 * What `verify` asks and makes. A call throws what the client does: an answer that is no success has its status in `code` and its text in `body`;
 * an error named `KubeconfigError` says that the credentials could not be had; any other means no answer.
 */
export interface VerifyKubernetes {
  /** URL of the API server. */
  readonly server: string;
  readNode(name: string): Promise<VerifiedNode>;
  /** What the node answers to the API server at a path. @param node `NAME` for kubelet, `http:NAME:PORT` for another port */
  askNode(node: string, path: string): Promise<string>;
  createPod(namespace: string, pod: object): Promise<void>;
  readPod(of: PodName): Promise<PodStatus>;
  createService(namespace: string, service: object): Promise<ServiceAddress>;
  readService(of: PodName): Promise<ServiceAddress>;
  list(kind: MadeKind, namespace: string, labelSelector: string): Promise<readonly LabelledObject[]>;
  /** Removes it at once, also where kubelet is away. */
  remove(kind: MadeKind, of: PodName): Promise<void>;
  /** How many pods on a node carry a label. */
  countPods(namespace: string, labelSelector: string, node: string): Promise<number>;
  hasRuntimeClass(name: string): Promise<boolean>;
  readLog(of: PodName, container: string): Promise<string>;
  exec(of: PodName, container: string, command: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** Sends a request to a port of the pod, until its answer is whole. */
  askPort(
    of: PodName,
    question: { readonly port: number; readonly request: string; readonly isWhole: (answer: string) => boolean },
    signal: AbortSignal,
  ): Promise<string>;
}

const LOG_BYTES = 64 * 1024;

/** Creates the handle. @param proxyFor the proxy of the environment for a URL @throws Error when the kubeconfig cannot be used */
export function createVerifyKubernetes(
  files: KubeconfigFiles,
  proxyFor: (url: string) => string | undefined,
): VerifyKubernetes {
  const config = readKubeconfig(files);
  const server = config.getCurrentCluster()?.server ?? "";
  const { core, custom } = createClient(config, proxyFor(server));
  return {
    server,
    ...createNodeCalls(core, custom),
    ...createObjectCalls(core),
    ...createPodCalls(config, core),
  };
}

function createNodeCalls(
  core: CoreV1Api,
  custom: CustomObjectsApi,
): Pick<VerifyKubernetes, "readNode" | "askNode" | "countPods" | "hasRuntimeClass"> {
  return {
    async readNode(name) {
      const { spec, status } = await core.readNode({ name });
      const {
        status: ready = "Unknown",
        reason = "",
        message = "",
      } = status?.conditions?.find(({ type }) => type === "Ready") ?? {};
      return {
        providerId: spec?.providerID ?? "",
        isUnschedulable: spec?.unschedulable === true,
        ready: { status: ready, reason, message },
        gpus: Number(status?.allocatable?.["nvidia.com/gpu"] ?? 0),
      };
    },
    askNode: (name, path) => core.connectGetNodeProxyWithPath({ name, path }),
    async countPods(namespace, labelSelector, node) {
      const fieldSelector = `spec.nodeName=${node}`;
      return (await core.listNamespacedPod({ namespace, labelSelector, fieldSelector, limit: 10 })).items.length;
    },
    async hasRuntimeClass(name) {
      const wanted = { group: "node.k8s.io", version: "v1", plural: "runtimeclasses", name };
      return custom.getClusterCustomObject(wanted).then(() => true, ifMissing(false));
    },
  };
}

function createObjectCalls(
  core: CoreV1Api,
): Pick<VerifyKubernetes, "createPod" | "createService" | "readService" | "list" | "remove"> {
  return {
    async createPod(namespace, body) {
      await core.createNamespacedPod({ namespace, body });
    },
    async createService(namespace, body) {
      return addressOf(await core.createNamespacedService({ namespace, body }));
    },
    readService: async (of) => addressOf(await core.readNamespacedService(of)),
    async list(kind, namespace, labelSelector) {
      const wanted = { namespace, labelSelector, limit: 500 };
      const { items } =
        kind === "pod" ? await core.listNamespacedPod(wanted) : await core.listNamespacedService(wanted);
      return items.map(({ metadata }) => ({
        name: metadata?.name ?? "",
        createdAtMs: new Date(metadata?.creationTimestamp ?? 0).getTime(),
      }));
    },
    async remove(kind, of) {
      const removing: Promise<unknown> =
        kind === "pod" ? core.deleteNamespacedPod({ ...of, gracePeriodSeconds: 0 }) : core.deleteNamespacedService(of);
      await removing.catch(ifMissing(undefined));
    },
  };
}

function createPodCalls(
  config: KubeConfig,
  core: CoreV1Api,
): Pick<VerifyKubernetes, "readPod" | "readLog" | "exec" | "askPort"> {
  return {
    async readPod(of) {
      const { status } = await core.readNamespacedPod(of);
      const { phase = "", reason = "", message = "", containerStatuses = [] } = status ?? {};
      return {
        ...{ phase, reason, message },
        containers: containerStatuses.map(({ name, state }) => ({
          name,
          isRunning: state?.running !== undefined,
          ...(state?.waiting === undefined ? {} : { waiting: withTexts(state.waiting) }),
          ...(state?.terminated === undefined
            ? {}
            : { terminated: { ...withTexts(state.terminated), exitCode: state.terminated.exitCode } }),
        })),
      };
    },
    // The client's class Log throws most of the API server's own words away when it fails.
    readLog: async (of, container) => core.readNamespacedPodLog({ ...of, container, limitBytes: LOG_BYTES }),
    exec: (of, container, command, signal) => execInPod(config, of, { container, command, signal }),
    askPort: (of, question, signal) => askPort(config, of, { ...question, signal }),
  };
}

function withTexts({ reason = "", message = "" }: { readonly reason?: string; readonly message?: string }) {
  return { reason, message };
}

function addressOf({ spec }: Awaited<ReturnType<CoreV1Api["readNamespacedService"]>>): ServiceAddress {
  return { clusterIp: spec?.clusterIP ?? "", nodePort: spec?.ports?.[0]?.nodePort };
}

/** For what may be missing. */
function ifMissing<T>(otherwise: T): (thrown: unknown) => T {
  return (thrown) => {
    if ((thrown as { readonly code?: unknown }).code !== 404) throw thrown;
    return otherwise;
  };
}
