// The pods and the Service that `verify` makes: bound to the node past the scheduler, without any right, and ending by themselves.
import { GPU_SCRIPT, PROBE_SCRIPT, WEB_SCRIPT } from "./scripts.ts";

/** On everything that `verify` makes, by which a later run finds what was left. */
export const LABEL = "eks-satellite.io/verify";
export const WEB = "web";
export const PROBE = "probe";
export const GPU = "gpu";

/** kubelet ends a pod that is older, when the command could not. */
export const MAX_POD_SECONDS = 120;

export interface PodOptions {
  readonly name: string;
  readonly node: string;
  readonly image: string;
  /** The host's network, which is all that a satellite without a CNI plugin has. */
  readonly isOnHostNetwork: boolean;
}

export interface WebPodOptions extends PodOptions {
  /** What the page says: another program on the port says something else. */
  readonly token: string;
  readonly port: number;
  readonly apiAddress: string;
  readonly serviceAddress: string;
  readonly nodePort: number | undefined;
}

/** A page, and a probe that asks for it by every way and ends. */
export function renderWebPod(options: WebPodOptions): object {
  const { image, token, port, apiAddress, serviceAddress, nodePort } = options;
  const env = [
    ...Object.entries({
      TOKEN: token,
      PORT: String(port),
      API_IP: apiAddress,
      API_HOST: inUrl(apiAddress),
      SERVICE_HOST: inUrl(serviceAddress),
      NODE_PORT: String(nodePort ?? 0),
    }).map(([name, value]) => ({ name, value })),
    fromField("POD_IP", "status.podIP"),
    fromField("NODE_IP", "status.hostIP"),
  ];
  return renderPod(options, [
    renderContainer({ name: WEB, image, script: WEB_SCRIPT, env }),
    renderContainer({ name: PROBE, image, script: PROBE_SCRIPT, env }),
  ]);
}

/** A pod that is given one GPU. */
export function renderGpuPod(options: PodOptions, hasRuntimeClass: boolean): object {
  const container = renderContainer({ name: GPU, image: options.image, script: GPU_SCRIPT, env: [] });
  const gpu = { ...container, resources: { limits: { "nvidia.com/gpu": "1" } } };
  return renderPod(options, [gpu], hasRuntimeClass ? { runtimeClassName: "nvidia" } : {});
}

/** Of type NodePort, and of an endpoint that counts although the pod's probe has ended. */
export function renderService(name: string, port: number): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, labels: { [LABEL]: name } },
    spec: {
      type: "NodePort",
      selector: { [LABEL]: name },
      publishNotReadyAddresses: true,
      ports: [{ port: 80, targetPort: port, protocol: "TCP" }],
    },
  };
}

function renderPod({ name, node, isOnHostNetwork }: PodOptions, containers: readonly object[], more: object = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { [LABEL]: name } },
    spec: {
      ...more,
      nodeName: node,
      hostNetwork: isOnHostNetwork,
      dnsPolicy: "ClusterFirstWithHostNet",
      restartPolicy: "Never",
      activeDeadlineSeconds: MAX_POD_SECONDS,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: "Exists" }],
      securityContext: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: "RuntimeDefault" } },
      containers,
      volumes: containers.map((_, index) => ({ name: `work-${index}`, emptyDir: { sizeLimit: "1Mi" } })),
    },
  };
}

interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly script: string;
  readonly env: readonly object[];
}

function renderContainer({ name, image, script, env }: ContainerOptions) {
  return {
    name,
    image,
    env,
    command: ["/bin/sh", "-c", script],
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [{ name: name === PROBE ? "work-1" : "work-0", mountPath: "/work" }],
  };
}

function fromField(name: string, fieldPath: string) {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function inUrl(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
