// A cluster with one node as `verify` sees it, in memory: its pods run at once, and say what a test wants.
import type {
  ContainerState,
  ExecResult,
  LabelledObject,
  MadeKind,
  PodName,
  PodStatus,
  ServiceAddress,
  VerifiedNode,
  VerifyKubernetes,
} from "../../agent/host/verify/verify-kubernetes.ts";
import { apiError } from "./memory-kubernetes.ts";

/** What a probe says when all is well. */
export const WELL = "== dns yes\n\n== cluster-ip yes\n\n== service yes\n\n== node-port yes\n";
export const API_ADDRESS = "10.100.0.1";

interface PodSpec {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly env: readonly { name: string; value?: string }[];
    }[];
  };
}

type Call = keyof Omit<VerifyKubernetes, "server">;

export class MemoryVerify implements VerifyKubernetes {
  readonly server = "https://abc";
  node: VerifiedNode | undefined = {
    providerId: "eks-hybrid:///us-west-2/demo/gpu-1",
    isUnschedulable: false,
    ready: { status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
    gpus: 0,
  };
  /** Objects in the cluster, `pod NAME` or `service NAME`, with when they were made. */
  readonly objects = new Map<string, number>();
  /** Every object that was made. */
  readonly pods: PodSpec[] = [];
  report = WELL;
  gpuReport: ContainerState["terminated"] = { exitCode: 0, reason: "", message: "opened: /dev/nvidia0\nproblems:\n" };
  /** What a pod's status is in place of a running one. */
  status: PodStatus | undefined;
  proxies = 1;
  /** By call: what it throws, or never to answer. */
  readonly faults = new Map<Call, Error | "silent">();
  readonly calls: Call[] = [];

  async readNode(name: string): Promise<VerifiedNode> {
    await this.#begin("readNode");
    if (this.node === undefined) throw apiError(404, `nodes "${name}" not found`);
    return this.node;
  }

  async askNode(): Promise<string> {
    await this.#begin("askNode");
    return "ok";
  }

  async createPod(_namespace: string, pod: object): Promise<void> {
    const spec = pod as PodSpec;
    this.objects.set(`pod ${spec.metadata.name}`, Number.POSITIVE_INFINITY);
    this.pods.push(spec);
    await this.#begin("createPod");
  }

  async readPod({ name }: PodName): Promise<PodStatus> {
    await this.#begin("readPod");
    if (this.status !== undefined) return this.status;
    const report = name.endsWith("-gpu") ? this.gpuReport : { exitCode: 0, reason: "Completed", message: this.report };
    return {
      ...{ phase: "Running", reason: "", message: "" },
      containers: [
        { name: "web", isRunning: true },
        { name: "probe", isRunning: false, ...(report === undefined ? {} : { terminated: report }) },
        { name: "gpu", isRunning: false, ...(report === undefined ? {} : { terminated: report }) },
      ],
    };
  }

  async createService(_namespace: string, service: object): Promise<ServiceAddress> {
    const { metadata } = service as { readonly metadata: { readonly name: string } };
    this.objects.set(`service ${metadata.name}`, Number.POSITIVE_INFINITY);
    await this.#begin("createService");
    return { clusterIp: "10.100.7.7", nodePort: 30_007 };
  }

  async readService(): Promise<ServiceAddress> {
    await this.#begin("readService");
    return { clusterIp: API_ADDRESS, nodePort: undefined };
  }

  async list(kind: MadeKind): Promise<readonly LabelledObject[]> {
    await this.#begin("list");
    return [...this.objects]
      .filter(([key]) => key.startsWith(`${kind} `))
      .map(([key, createdAtMs]) => ({ name: key.slice(kind.length + 1), createdAtMs }));
  }

  async remove(kind: MadeKind, { name }: PodName): Promise<void> {
    await this.#begin("remove");
    this.objects.delete(`${kind} ${name}`);
  }

  async countPods(): Promise<number> {
    await this.#begin("countPods");
    return this.proxies;
  }

  async hasRuntimeClass(): Promise<boolean> {
    await this.#begin("hasRuntimeClass");
    return false;
  }

  async readLog(): Promise<string> {
    await this.#begin("readLog");
    return `${this.#token}\n`;
  }

  async exec(): Promise<ExecResult> {
    await this.#begin("exec");
    return { stdout: `${this.#token}\n`, stderr: "" };
  }

  async askPort(
    _of: PodName,
    { isWhole }: { readonly isWhole: (answer: string) => boolean },
    signal: AbortSignal,
  ): Promise<string> {
    await this.#begin("askPort");
    if (isWhole(this.#token)) return this.#token;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }

  get #token(): string {
    const { env = [] } = this.pods[0]?.spec.containers[0] ?? {};
    return env.find(({ name }) => name === "TOKEN")?.value ?? "";
  }

  async #begin(call: Call): Promise<void> {
    this.calls.push(call);
    const fault = this.faults.get(call);
    if (fault === "silent") await new Promise(() => undefined);
    if (fault instanceof Error) throw fault;
  }
}
