// The container runtime's report on its own health, through CRI (cri-api, runtime/v1/api.proto), as kubelet reads it.
import { hasCode, SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { asBytes, asText, encodeText, fieldsOf } from "./protobuf.ts";

/** The conditions that kubelet heeds (pkg/kubelet, updateRuntimeUp). A runtime may list others, which are no verdict. */
const HEEDED = ["RuntimeReady", "NetworkReady"];

export interface RuntimeCondition {
  /** `RuntimeReady`, `NetworkReady`, or another one of the runtime's own. */
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** The oldest containerd with CRI v1. */
export const MIN_CONTAINERD = "1.6.0";

/** google.rpc.Code UNIMPLEMENTED: containerd answers, but its CRI plugin is disabled or failed to load. */
const UNIMPLEMENTED = 12;
const CALL_TIMEOUT_SECONDS = 5;
/** containerd kills what does not end by itself. */
const STOP_TIMEOUT_SECONDS = 60;

/** Asks the runtime for its conditions. @throws runtime-unreachable, cri-disabled, cri-outdated, runtime-failed */
export async function readRuntimeConditions(host: Host, socket: string): Promise<readonly RuntimeCondition[]> {
  const message = await call(host, socket, "Status", new Uint8Array(), CALL_TIMEOUT_SECONDS);
  const conditions = decodeStatusResponse(message);
  if (conditions.length > 0) return conditions;
  throw new SatelliteError("runtime-failed", "containerd answered without a condition", {
    hint: "journalctl -u containerd -n 50.",
  });
}

/** The condition that keeps the runtime from being ready, undefined when it is; one that is not reported counts as false, as for kubelet. */
export function findUnready(conditions: readonly RuntimeCondition[]): RuntimeCondition | undefined {
  const heeded = HEEDED.map(
    (wanted) =>
      conditions.find(({ type }) => type === wanted) ?? {
        ...{ type: wanted, isTrue: false, reason: "unknown", message: "containerd does not report it" },
      },
  );
  return heeded.find(({ isTrue }) => !isTrue);
}

/** What else is false: news, such as deprecations, that kubelet does not heed. */
export function listRuntimeNews(conditions: readonly RuntimeCondition[]): readonly RuntimeCondition[] {
  return conditions.filter(({ type, isTrue }) => !isTrue && !HEEDED.includes(type));
}

async function call(
  host: Host,
  socket: string,
  name: string,
  request: Uint8Array,
  timeoutSeconds: number,
): Promise<Uint8Array> {
  const grpc = { socket, method: `/runtime.v1.RuntimeService/${name}`, message: request, timeoutSeconds };
  const { status, statusMessage, message } = await host.grpc(grpc).catch((error: unknown) => {
    // The call's own sentence says the same in other words.
    const cause = hasCode(error, "grpc-failed") ? (error as Error).cause : error;
    throw new SatelliteError("runtime-unreachable", `containerd does not answer on ${socket}`, {
      hint: "systemctl status containerd; journalctl -u containerd -n 50.",
      cause,
    });
  });
  if (status === UNIMPLEMENTED) {
    await refuseOutdated(host, socket);
    throw new SatelliteError("cri-disabled", "containerd runs without its CRI plugin", {
      hint: "journalctl -u containerd names why it was not loaded; disabled_plugins in its configuration, and in files that it imports, must not name cri.",
    });
  }
  if (status !== 0) {
    throw new SatelliteError("runtime-failed", `containerd answered ${status}: ${statusMessage}`, {
      hint: "journalctl -u containerd -n 50.",
    });
  }
  return message;
}

/** containerd before 1.6 has the API's first version alone, which kubelet has not asked since Kubernetes 1.26. @throws cri-outdated */
async function refuseOutdated(host: Host, socket: string): Promise<void> {
  const method = "/runtime.v1alpha2.RuntimeService/Version";
  const request = { socket, method, message: encodeText(1, "v1alpha2"), timeoutSeconds: CALL_TIMEOUT_SECONDS };
  // Whatever fails here, the first answer stands.
  const answer = await host.grpc(request).catch(() => undefined);
  if (answer?.status !== 0) return;
  // VersionResponse{runtime_version=3}.
  const version = asText(fieldsOf(answer.message).get(3)?.[0]).slice(0, 40);
  throw outdatedContainerd(version);
}

/** The error for a containerd that is older than {@link MIN_CONTAINERD}. */
export function outdatedContainerd(version: string): SatelliteError {
  return new SatelliteError(
    "cri-outdated",
    `containerd ${version} speaks CRI v1alpha2 alone, and kubelet asks for CRI v1`,
    {
      hint: "Install containerd 1.6 or newer: containerd.io of Docker's repository (https://docs.docker.com/engine/install), a newer release of the distribution, or on Ubuntu 20.04 apt-get install --only-upgrade containerd.",
    },
  );
}

/** StatusResponse{status=1: RuntimeStatus{conditions=1: {type=1, status=2, reason=3, message=4}}}. */
function decodeStatusResponse(bytes: Uint8Array): RuntimeCondition[] {
  const conditions = fieldsOf(asBytes(fieldsOf(bytes).get(1)?.[0])).get(1) ?? [];
  return conditions.map((condition) => {
    const fields = fieldsOf(asBytes(condition));
    const text = (field: number) => asText(fields.get(field)?.[0]);
    return { type: text(1), isTrue: fields.get(2)?.[0] === 1, reason: text(3), message: text(4) };
  });
}

/** A pod as the runtime lists it. */
export interface PodSandbox {
  readonly id: string;
  /** `namespace/name` of the pod. */
  readonly pod: string;
}

/** Lists kubelet's pods; containerd keeps other clients' containers in other namespaces. @throws as readRuntimeConditions */
export async function listPodSandboxes(host: Host, socket: string): Promise<readonly PodSandbox[]> {
  const message = await call(host, socket, "ListPodSandbox", new Uint8Array(), CALL_TIMEOUT_SECONDS);
  // ListPodSandboxResponse{items=1: PodSandbox{id=1, metadata=2: {name=1, uid=2, namespace=3}}}.
  return (fieldsOf(message).get(1) ?? []).map((item) => {
    const fields = fieldsOf(asBytes(item));
    const metadata = fieldsOf(asBytes(fields.get(2)?.[0]));
    return { id: asText(fields.get(1)?.[0]), pod: `${asText(metadata.get(3)?.[0])}/${asText(metadata.get(1)?.[0])}` };
  });
}

/** Ends a pod's containers at once and removes them. @throws as readRuntimeConditions */
export async function removePodSandbox(host: Host, socket: string, id: string): Promise<void> {
  await call(host, socket, "StopPodSandbox", encodeText(1, id), STOP_TIMEOUT_SECONDS);
  await call(host, socket, "RemovePodSandbox", encodeText(1, id), STOP_TIMEOUT_SECONDS);
}
