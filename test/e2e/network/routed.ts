// A node behind a NAT in the cluster's network, for the tests of pods with addresses: on the host's network until `route` is called.
import assert from "node:assert/strict";
import { execIn } from "../../sandbox/links.ts";
import { podNamespace } from "../../sandbox/services/vpc-pod.ts";
import { accountId, nodeName } from "../../sandbox/state.ts";
import {
  type BringUpOptions,
  bringUpInVpc,
  CLUSTER,
  type Connected,
  openApp,
  startNode,
  untilGatewayWorks,
} from "./connected.ts";
import { renderPods } from "./routed-pods.ts";

/** The node's address, its pods' network and that of all pods, as `gateway create` and `authorize` choose them. */
export const NODE = "10.250.0.2";
export const PODS = { own: "10.250.16.0/25", all: "10.250.16.0/20" };

/** Without any a container with one gateway, in a sandbox that no other file has. */
export interface RoutedOptions extends BringUpOptions {
  readonly hasStandby?: boolean;
  /** Further options of `gateway create`. */
  readonly gatewayOptions?: string;
  /** How long the node may take until it is well. */
  readonly healthyMs?: number;
}

export class RoutedNode {
  readonly connected: Connected;
  readonly #healthyMs: number;

  private constructor(connected: Connected, healthyMs: number) {
    this.connected = connected;
    this.#healthyMs = healthyMs;
  }

  static async bringUp(options: RoutedOptions = {}): Promise<RoutedNode> {
    const { hasStandby = false, gatewayOptions = "", healthyMs = 120_000 } = options;
    const connected = await bringUpInVpc(options);
    const node = new RoutedNode(connected, healthyMs);
    const create = `eks-satellite gateway create ${CLUSTER} ${connected.gatewayOptions} ${gatewayOptions}`;
    await node.administer(create);
    if (hasStandby) await node.administer(`${create} --standby`);
    const role = `--create-role --trusted-arn arn:aws:iam::${accountId}:user/satellite`;
    const said = await node.administer(`eks-satellite authorize ${CLUSTER} --tunnel --node-name ${nodeName} ${role}`);
    assert.match(said, new RegExp(`${nodeName} has address ${NODE}, pods ${PODS.own}, in the tunnel`));
    await untilGatewayWorks(connected.laptop);
    await startNode(connected, healthyMs);
    await openApp(connected);
    return node;
  }

  /** A command of the administrator's, who agrees. */
  async administer(line: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.connected.laptop.run(line, { typed: "y\n" });
    assert.equal(exitCode, 0, stdout + stderr);
    return stdout;
  }

  /** Gives pods addresses from now on. */
  async route(): Promise<void> {
    const { satellite } = this.connected;
    await satellite.configure({ network: { cni: "routed" }, intervals: { runtimeSeconds: 1 } });
    await satellite.untilReason("PodNetworkReady", "Ready", this.#healthyMs);
    await satellite.untilHealthy(this.#healthyMs);
  }

  async startPods(): Promise<void> {
    await this.connected.sandbox.kubectl(["apply", "--filename=-"], renderPods());
    const timeout = `--timeout=${this.#healthyMs / 1000}s`;
    await this.kubectl("rollout", "status", "deployment/pair", timeout);
    await this.kubectl("wait", "--for=condition=Ready", "pod/alone", "pod/asks", timeout);
  }

  async endPods(): Promise<void> {
    await this.connected.sandbox.kubectl(["delete", "--filename=-", "--wait", "--timeout=60s"], renderPods());
    await this.kubectl("delete", "pod,service", "--selector=app=hook", "--wait", "--timeout=60s");
    await this.kubectl("wait", "pod", "--selector=app=pair", "--for=delete", "--timeout=60s");
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.connected.sandbox.kubectl(args);
  }

  box(...command: readonly string[]): Promise<string> {
    return this.connected.satellite.box(...command);
  }

  /** In the pod that asks. */
  asks(...command: readonly string[]): Promise<string> {
    return this.kubectl("exec", "asks", "--", ...command);
  }

  /** @throws Error also after 10 s: busybox's own option for that ends the static one */
  fetchFromPod(url: string): Promise<string> {
    return this.asks("/bin/busybox", "timeout", "10", "wget", "-q", "-O", "-", url);
  }

  /** The network namespace of a pod of the VPC. */
  get vpcPod(): string {
    return podNamespace(this.connected.sandbox.addresses);
  }

  /** curl from there. */
  async fromVpc(...args: readonly string[]): Promise<string> {
    const command = ["curl", "--silent", "--show-error", "--max-time", "10", ...args];
    return (await execIn(this.vpcPod, command)).stdout.trim();
  }

  addressOf(pod: string): Promise<string> {
    return this.kubectl("get", "pod", pod, "--output=jsonpath={.status.podIP}");
  }

  /** Pods on the host's network, each with its container's id, start, restarts and process: a restart changes them. */
  async hostPods(): Promise<readonly string[]> {
    const tasks = await this.box("ctr", "--namespace", "k8s.io", "tasks", "list");
    const { items } = JSON.parse(await this.kubectl("get", "pods", "--all-namespaces", "--output=json")) as PodList;
    return items
      .filter(({ spec }) => spec.hostNetwork === true)
      .map(({ metadata, status }) => {
        const [container] = status.containerStatuses;
        const id = container?.containerID.replace("containerd://", "") ?? "none";
        const pid = new RegExp(`^${id}\\s+(\\d+)`, "m").exec(tasks)?.[1];
        return `${metadata.name} ${id} ${container?.state.running?.startedAt} ${container?.restartCount} pid ${pid}`;
      })
      .toSorted();
  }
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly hostNetwork?: boolean };
    readonly status: {
      readonly containerStatuses: readonly {
        readonly containerID: string;
        readonly restartCount: number;
        readonly state: { readonly running?: { readonly startedAt: string } };
      }[];
    };
  }[];
}
