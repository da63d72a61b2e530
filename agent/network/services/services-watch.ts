// Whether a pod of this node can use Services and cluster names.
import type { ClusterFacts } from "../../aws/cluster.ts";
import type { ConditionBoard, Report } from "../../board/conditions.ts";
import { type Family, family, timestamp } from "../../board/metric-family.ts";
import type { Config } from "../../config/schema.ts";
import type { MachineFacts } from "../../facts/machine.ts";
import type { Host } from "../../host/host.ts";
import { nodeAddress } from "../../plan/kubelet-flags.ts";
import { whyNotUsed } from "./expectation.ts";
import { diagnoseClusterDns, diagnoseServices } from "./services-diagnosis.ts";
import { askKubeProxy, glanceAt, observeServices } from "./services-reader.ts";

/** What a pod of kube-proxy gets from kubelet's start, pull included, before it is said to be missing. */
const START_GRACE_MS = 120_000;

export interface ServicesWatchOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly cluster: () => ClusterFacts | undefined;
  /** As of the last round of convergence; undefined before the first. */
  readonly machine: () => MachineFacts | undefined;
  /** The node's address in the tunnel to the cluster's network; undefined without one. */
  readonly tunnelAddress: () => string | undefined;
  readonly kubelet: () => { readonly ageMs: number | undefined };
}

/** While all is well, the rounds from one with every question to the next: TLS is most of what they cost. */
const FULL_EVERY_ROUNDS = 10;

/** Sets ServicesWorking and ClusterDnsWorking. */
export class ServicesWatch {
  readonly #options: ServicesWatchOptions;
  /** Rounds in which a glance is enough; 0 while something is wrong. */
  #glances = 0;
  #hasSeenKubeProxy = false;
  /** What has worked in this run is not starting any more. */
  readonly #hasWorked = new Set<"ServicesWorking" | "ClusterDnsWorking">();
  #servicesAnsweredMs: number | undefined;
  #dnsAnsweredMs: number | undefined;

  constructor(options: ServicesWatchOptions) {
    this.#options = options;
  }

  metrics(): readonly Family[] {
    return [
      family("gauge", "services_answered_timestamp_seconds", "When the API server last answered at its Service.", () =>
        timestamp(this.#servicesAnsweredMs),
      ),
      family("gauge", "cluster_dns_answered_timestamp_seconds", "When cluster DNS last gave the right answer.", () =>
        timestamp(this.#dnsAnsweredMs),
      ),
    ];
  }

  /** Asks once, where Services can be expected; ends within a few seconds. */
  async round(): Promise<void> {
    const { host, config, cluster, machine } = this.#options;
    const [facts, found] = [cluster(), machine()];
    if (facts === undefined || found === undefined) return;
    const address = nodeAddress(config, found, facts.ipFamily, this.#options.tunnelAddress());
    const reason = await this.#findReason(facts, address);
    if (reason !== undefined) return this.#setNotUsed(reason);
    const question = { host, config, cluster: facts, address };
    if (this.#glances > 0) {
      // In turn: cluster DNS is a Service, too, so that one glance sees most of what the other one does.
      const glance = this.#glances % 2 === 0 ? "services" : "dns";
      this.#glances -= 1;
      if (await glanceAt(glance, question))
        return this.#noteAnswers({ isService: glance === "services", isDns: glance === "dns" });
    }
    const observation = await observeServices(question);
    const [services, dns] = [diagnoseServices(observation), diagnoseClusterDns(observation)];
    this.#set("ServicesWorking", services);
    this.#set("ClusterDnsWorking", dns);
    this.#noteAnswers({ isService: observation.service === "ok", isDns: dns.status === "True" });
    const isWell = services.status === "True" && dns.status === "True";
    this.#glances = isWell ? FULL_EVERY_ROUNDS - 1 : 0;
  }

  #noteAnswers({ isService, isDns }: { readonly isService: boolean; readonly isDns: boolean }): void {
    const now = this.#options.host.clock.now();
    if (isService) this.#servicesAnsweredMs = now;
    if (isDns) this.#dnsAnsweredMs = now;
  }

  /** kube-proxy is asked alone until it has answered: a machine without a way to the VPC would wait for time-outs each round. */
  async #findReason(cluster: ClusterFacts, address: string | undefined): Promise<string | undefined> {
    const { tunnelAddress, host, config } = this.#options;
    const situation = { identity: config.node.identity, hasTunnel: tunnelAddress() !== undefined, address, cluster };
    const reason = whyNotUsed({ ...situation, hasSeenKubeProxy: this.#hasSeenKubeProxy });
    if (reason === undefined || whyNotUsed({ ...situation, hasSeenKubeProxy: true }) !== undefined) return reason;
    this.#hasSeenKubeProxy = (await askKubeProxy(host)).kind !== "absent";
    return this.#hasSeenKubeProxy ? undefined : reason;
  }

  #setNotUsed(reason: string): void {
    this.#glances = 0;
    const report = { status: "True", reason: "NotUsed", isQuiet: true } as const;
    const { board } = this.#options;
    board.set("ServicesWorking", { ...report, message: `Services are not used: ${reason}` });
    board.set("ClusterDnsWorking", { ...report, message: `cluster DNS is not used: ${reason}` });
  }

  /** A node that has just started, or is not Ready, has no kube-proxy yet. */
  #set(type: "ServicesWorking" | "ClusterDnsWorking", report: Report): void {
    const { board, kubelet } = this.#options;
    const isReady = board.isTrue("NodeReady") && !board.isFailing("NodeReady");
    const isStarting = !isReady || (kubelet().ageMs ?? 0) < START_GRACE_MS;
    const isTooEarly = report.status === "False" && isStarting && !this.#hasWorked.has(type);
    const early: Report = {
      status: "Unknown",
      reason: "Starting",
      message: `the node has just started: ${report.message}`,
    };
    if (report.status === "True") this.#hasWorked.add(type);
    board.set(type, isTooEarly ? early : report);
  }
}
