// What the agent asks the API server: its own Node and its own certificate requests; and what it tells: conditions, labels and events.
// Only the types of the Kubernetes client are used: its code and the HTTP client that it brings cost 28 MB of memory, for two GETs.
import type { V1CertificateSigningRequest, V1Node, V1NodeList } from "@kubernetes/client-node";
import type { ClusterFacts } from "../aws/cluster.ts";
import { networkProblemOf } from "../aws/network-error.ts";
import { SatelliteError } from "../errors.ts";
import type { Host, HttpRequest } from "../host/host.ts";
import type { Secret } from "../secret.ts";
import { apiRequest, withDocument } from "./api-request.ts";

/** Says on a Node that the agent has cordoned it, and for which GPUs: who removes it makes the cordon his own. */
export const CORDON_ANNOTATION = "eks-satellite.io/cordoned-for";
const REQUEST_TIMEOUT_SECONDS = 10;
/** Bookmarks come about once a minute: a watch that is silent for longer than this is a dead connection. */
const WATCH_SILENCE_SECONDS = 150;

/** A Node as far as the agent reads it. */
export interface NodeState {
  readonly uid: string;
  readonly isReady: boolean;
  /** False when somebody has cordoned it. */
  readonly isSchedulable: boolean;
  readonly reason: string;
  readonly message: string;
  readonly version: string;
  readonly resourceVersion: string;
  /** The annotation of that name: GPUs' addresses, or `machine`, by comma. */
  readonly cordonedFor?: string;
}

/** What a Node is to be; what is left out stays. */
export interface CordonPatch {
  readonly isSchedulable?: boolean;
  /** Null takes the annotation away. */
  readonly cordonedFor: string | null;
}

/** The Node at one moment of the cluster's history. */
export interface NodeSnapshot {
  /** Undefined when there is no Node of this name. */
  readonly node: NodeState | undefined;
  /** Where a watch that misses nothing begins. */
  readonly resourceVersion: string;
}

export type NodeEvent = { readonly kind: "seen"; readonly node: NodeState } | { readonly kind: "deleted" };

/** The API server, as this node. */
export interface NodeApi {
  /** The Node of this name, if there is one. @throws api-unauthorized, api-forbidden, api-unreachable, api-failed */
  read(name: string): Promise<NodeSnapshot>;
  /** Hands over what happens to the Node after a snapshot until the connection ends; resolves then. @throws watch-ended, api-unauthorized, api-forbidden, api-failed */
  watch(name: string, since: NodeSnapshot, onEvent: (event: NodeEvent) => void, signal: AbortSignal): Promise<void>;
  /** State of the newest request of this node for a serving certificate: `Pending`, `Denied`, `Approved`, or undefined. */
  readServingRequest(name: string): Promise<string | undefined>;
  /** Sets one condition in the Node's status and leaves the others alone. @throws as read */
  patchCondition(name: string, condition: NodeConditionPatch): Promise<void>;
  /** The Node's labels, or undefined when there is no Node of this name. @throws as read */
  readLabels(name: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Sets labels of the Node, and takes those away that are null. @throws as read */
  patchLabels(name: string, labels: Readonly<Record<string, string | null>>): Promise<void>;
  /** Cordons or uncordons the Node, if it is still as it was seen. @throws as read; api-conflict when it is not */
  patchCordon(name: string, seen: NodeState, patch: CordonPatch): Promise<void>;
  /** @throws as read */
  createEvent(event: NodeEventObject): Promise<void>;
}

/** A condition of a Node, as its status carries it; times as metav1.Time. */
export interface NodeConditionPatch {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
}

/** A core/v1 Event, without apiVersion and kind. */
export type NodeEventObject = Readonly<Record<string, unknown>>;

export interface NodeApiOptions {
  readonly host: Pick<Host, "fetch" | "follow">;
  readonly cluster: ClusterFacts;
  /** The token of now. @throws when there is none */
  readonly token: () => Secret;
}

/** Creates the handle on the API server. */
export function createNodeApi({ host, cluster, token }: NodeApiOptions): NodeApi {
  const requestFor = (path: string) => apiRequest(cluster, token().reveal(), path, REQUEST_TIMEOUT_SECONDS);
  const send = async (request: HttpRequest) => {
    const response = await host.fetch(request).catch((cause: unknown) => {
      throw explainUnanswered(cluster, cause);
    });
    checkStatus(response);
    return response;
  };
  const get = (path: string) => send(requestFor(path));
  const write = async (method: "POST" | "PATCH", path: string, type: string, document: object) =>
    void (await send(withDocument(requestFor(path), method, type, document)));
  // A list with a selector and not a get: also the absence of a Node has a place in history, from which to watch.
  const list = async (name: string) => {
    const { body } = await get(`/api/v1/nodes?${new URLSearchParams({ fieldSelector: `metadata.name=${name}` })}`);
    return JSON.parse(body) as V1NodeList;
  };
  return {
    async read(name) {
      const { items, metadata } = await list(name);
      const [node] = items;
      return {
        node: node === undefined ? undefined : toNodeState(node),
        resourceVersion: metadata?.resourceVersion ?? "",
      };
    },
    async watch(name, { resourceVersion }, onEvent, signal) {
      const query = new URLSearchParams({
        watch: "true",
        allowWatchBookmarks: "true",
        fieldSelector: `metadata.name=${name}`,
        resourceVersion,
      });
      const onLine = (line: string) => {
        const event = toNodeEvent(JSON.parse(line) as WatchEvent);
        if (event !== undefined) onEvent(event);
      };
      const request = {
        ...requestFor(`/api/v1/nodes?${query}`),
        onLine,
        silenceSeconds: WATCH_SILENCE_SECONDS,
        signal,
      };
      const response = await host.follow(request).catch((cause: unknown) => {
        throw new SatelliteError("watch-ended", `the watch of Node ${name} ended`, { cause });
      });
      checkStatus(response);
    },
    // A strategic merge knows conditions by their type: kubelet's stay as they are.
    patchCondition: (name, condition) =>
      write("PATCH", `/api/v1/nodes/${name}/status`, "application/strategic-merge-patch+json", {
        status: { conditions: [condition] },
      }),
    async readLabels(name) {
      const [node] = (await list(name)).items;
      return node === undefined ? undefined : (node.metadata?.labels ?? {});
    },
    patchLabels: (name, labels) =>
      write("PATCH", `/api/v1/nodes/${name}`, "application/merge-patch+json", { metadata: { labels } }),
    patchCordon: (name, { resourceVersion }, { cordonedFor, isSchedulable }) =>
      write("PATCH", `/api/v1/nodes/${name}`, "application/merge-patch+json", {
        metadata: { resourceVersion, annotations: { [CORDON_ANNOTATION]: cordonedFor } },
        // As kubectl uncordon leaves it: the field is not there.
        ...(isSchedulable === undefined ? {} : { spec: { unschedulable: isSchedulable ? null : true } }),
      }),
    createEvent: (event) =>
      write("POST", "/api/v1/namespaces/default/events", "application/json", {
        apiVersion: "v1",
        kind: "Event",
        ...event,
      }),
    async readServingRequest(name) {
      const selector = encodeURIComponent("spec.signerName=kubernetes.io/kubelet-serving");
      const { body } = await get(`/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldSelector=${selector}`);
      const { items } = JSON.parse(body) as {
        items: (Omit<V1CertificateSigningRequest, "metadata"> & { metadata: { creationTimestamp: string } })[];
      };
      const own = items.filter(({ spec }) => spec.username === `system:node:${name}`);
      const newest = own.toSorted((one, other) =>
        one.metadata.creationTimestamp < other.metadata.creationTimestamp ? 1 : -1,
      )[0];
      return newest === undefined ? undefined : (newest.status?.conditions?.[0]?.type ?? "Pending");
    },
  };
}

/** A name, a road and a certificate that fail have each another remedy. */
function explainUnanswered({ endpoint, name, region }: ClusterFacts, cause: unknown): SatelliteError {
  const problem = networkProblemOf(cause);
  if (problem === "certificate") {
    return new SatelliteError(
      "api-untrusted",
      `the certificate of the API server ${endpoint} is not signed by the cluster's CA`,
      {
        hint: `Either something between here and AWS replaces certificates (a proxy that inspects TLS), or the CA has changed: compare aws eks describe-cluster --name ${name} --region ${region} --query cluster.certificateAuthority.data.`,
        cause,
      },
    );
  }
  const hint =
    problem === "dns"
      ? "The machine's name servers must answer: resolvectl status, cat /etc/resolv.conf. Pods keep running meanwhile."
      : "Check the firewall and the cluster's public access CIDRs. Pods keep running meanwhile.";
  return new SatelliteError("api-unreachable", `the API server ${endpoint} does not answer`, { hint, cause });
}

function checkStatus({ status, body }: { status: number; body: string }): void {
  if (status === 200 || status === 201) return;
  const said = messageOf(body);
  if (status === 401) {
    throw new SatelliteError("api-unauthorized", "the API server does not know this node's identity", {
      hint: "An administrator lets its role or user in with eks-satellite authorize: an access entry of type HYBRID_LINUX, or in aws-auth system:node:{{SessionName}} with group system:nodes. eks-satellite check has the whole command.",
    });
  }
  if (status === 403) {
    throw new SatelliteError("api-forbidden", `the API server knows this node as somebody else: ${said}`, {
      hint: "The identity must map to system:node:<node name> in group system:nodes: compare node.name with the role's session name, or with the user's entry in aws-auth.",
    });
  }
  if (status === 409) throw new SatelliteError("api-conflict", `somebody else was first: ${said}`);
  throw new SatelliteError("api-failed", `the API server answered ${status}: ${said}`, {
    hint: "It is asked again by itself.",
  });
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body.slice(0, 200); // Not the API server's own answer: a proxy's page, say.
  }
}

/** One line of a watch's answer (Kubernetes API concepts, "Efficient detection of changes"). */
interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: V1Node;
}

function toNodeEvent({ type, object }: WatchEvent): NodeEvent | undefined {
  if (type === "ADDED" || type === "MODIFIED") return { kind: "seen", node: toNodeState(object) };
  return type === "DELETED" ? { kind: "deleted" } : undefined;
}

function toNodeState({ metadata, spec, status }: V1Node): NodeState {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const cordonedFor = metadata?.annotations?.[CORDON_ANNOTATION];
  return {
    uid: metadata?.uid ?? "",
    isReady: ready?.status === "True",
    isSchedulable: spec?.unschedulable !== true,
    reason: ready?.reason ?? "NoCondition",
    message: ready?.message ?? "kubelet has not reported yet",
    version: status?.nodeInfo?.kubeletVersion ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    ...(cordonedFor === undefined ? {} : { cordonedFor }),
  };
}
