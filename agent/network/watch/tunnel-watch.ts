// Watches the tunnel from end to end, and says which step of the way is missing. Neither kubelet nor the Node is touched.
import type { ClusterFacts } from "../../aws/cluster.ts";
import type { ConditionBoard, Report } from "../../board/conditions.ts";
import type { Family } from "../../board/metric-family.ts";
import type { Config } from "../../config/schema.ts";
import { findRemoteNetworkProblem } from "../../facts/remote-network.ts";
import type { Host } from "../../host/host.ts";
import type { Log } from "../../log.ts";
import { isoTime } from "../../time.ts";
import type { GatewayHealth, Reach } from "../../tunnel/health.ts";
import { withSizeProblem } from "../mtu/found-mtus.ts";
import { ApiServerQuestions } from "./api-server-questions.ts";
import { Joining } from "./joining.ts";
import { type GatewayKeyEvent, reportKeyChange } from "./key-change.ts";
import { CALM_KNOCK_EVERY_SECONDS, KNOCK_EVERY_SECONDS, Knocks } from "./knocks.ts";
import { LinkNumbers } from "./link-numbers.ts";
import { askGateway } from "./probes.ts";
import { describeRouteWithoutTunnel, diagnoseRoute } from "./route-diagnosis.ts";
import { diagnoseTunnel } from "./tunnel-diagnosis.ts";
import { tunnelMetrics } from "./tunnel-report.ts";
import type { ApiServerReach, SeenBehind, SilentGateway, WatchedTunnel } from "./watched-tunnel.ts";
import { hasSession } from "./wireguard-peer.ts";

/** How often the gateway and the API servers are asked, while all is well and no knock says that the answer is another one. */
const ASK_EVERY_MS = 600_000;
/** A knock at a gateway of an earlier version says nothing of it. */
const ASK_EARLIER_EVERY_MS = 60_000;
/** While something is wrong. */
const ASK_AGAIN_MS = 10_000;
/** Between two questions one API server is connected to, and the interface's counters are read. */
const GLANCE_EVERY_MS = 60_000;
/** A gateway answers what it knows, and tries anew meanwhile: while something is wrong it is asked once before, so that the answer is of now. */
const REFRESH_MS = 2500;
const DOUBT_EVERY_MS = 60_000;

export type TunnelEvent =
  /** A tunnel is planned, and is to be watched from now on. */
  | { readonly kind: "tunnel-planned" }
  /** What DescribeCluster said of the remote networks is what is wrong: it may have been mended since. */
  | { readonly kind: "remote-networks-doubted" }
  | GatewayKeyEvent;

export interface TunnelWatchOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly config: Pick<Config, "node" | "network">;
  readonly emit: (event: TunnelEvent) => void;
  /** Undefined while none is planned. */
  readonly tunnel: () => WatchedTunnel | undefined;
  /** A gateway that stands by and does not answer. */
  readonly silentGateway?: () => SilentGateway | undefined;
  readonly cluster: () => ClusterFacts | undefined;
  readonly sizeProblem?: () => Omit<Report, "status"> | undefined;
  /** Removes the peer of this public key and sets it again. */
  readonly restartPeer: (publicKey: string) => Promise<void>;
}

export class TunnelWatch {
  readonly #options: TunnelWatchOptions;
  readonly #knocks: Knocks;
  readonly #joining: Joining;
  /** The gateway that is watched; undefined before the first round. */
  #watchedKey: string | undefined;
  #hasAnswered = false;
  #reached: Reach | undefined;
  #askDueMs = 0;
  #isRefreshed = true;
  #seen: SeenBehind | undefined;
  /** Of the gateway's last answer. */
  #digest: string | undefined;
  readonly #apiServers: ApiServerQuestions;
  #glanceDueMs = 0;
  #isRouteWell = true;
  readonly #link: LinkNumbers;
  #doubtDueMs = 0;

  constructor(options: TunnelWatchOptions) {
    this.#options = options;
    this.#knocks = new Knocks(options);
    this.#joining = new Joining(options);
    this.#link = new LinkNumbers(options.host);
    this.#apiServers = new ApiServerQuestions(options.host, options.cluster);
  }

  status() {
    const tunnel = this.#options.tunnel();
    if (tunnel === undefined) return {};
    const { misses, peerRestarts, latencyMs, lastAnswerMs } = this.#knocks;
    return {
      tunnel: {
        interface: tunnel.interface,
        address: tunnel.address,
        gateway: { endpoint: tunnel.gateway.endpoint, address: tunnel.gateway.address },
        lastAnswerAt: isoTime(lastAnswerMs),
        latencyMs: latencyMs === undefined ? undefined : Math.round(latencyMs * 10) / 10,
        handshakeAt: isoTime(this.#link.peer?.handshakeMs),
        misses,
        peerRestarts,
        ...this.#link.traffic,
      },
    };
  }

  metrics(): readonly Family[] {
    return tunnelMetrics(() => ({ knocks: this.#knocks, peer: this.#link.peer, traffic: this.#link.traffic }));
  }

  isNeeded(): boolean {
    return this.#options.tunnel() !== undefined;
  }

  /** Says what is true without a tunnel, or that there is one to watch. */
  judge(): void {
    const { board, emit, config, cluster } = this.#options;
    if (this.isNeeded()) {
      if (this.#watchedKey === undefined) emit({ kind: "tunnel-planned" });
      return;
    }
    this.#forget(undefined);
    const { status } = board.get("TunnelConfigured");
    if (status === "Unknown") return; // It is not known yet whether the node is to have one.
    if (status === "False") {
      for (const type of ["TunnelUp", "ControlPlaneRoute"] as const)
        board.setUnknown(type, "NotAsked", "no tunnel is set: see TunnelConfigured");
      return;
    }
    board.set("TunnelUp", { status: "True", reason: "NotUsed", message: "the node has no tunnel", isQuiet: true });
    board.set("ControlPlaneRoute", { ...describeRouteWithoutTunnel(config, cluster()), isQuiet: true });
  }

  /** How long from the end of a round to the next one. */
  periodSeconds(): number {
    return this.isCalm() ? CALM_KNOCK_EVERY_SECONDS : KNOCK_EVERY_SECONDS;
  }

  isCalm(): boolean {
    return this.#reached === "ok" && this.#isRouteWell && this.#isRefreshed;
  }

  askSoon(): void {
    this.#askDueMs = 0;
  }

  /** Knocks at the gateway. It is asked when that is due, and when the knock ended otherwise or says that the answer is another one. */
  async round(): Promise<void> {
    const tunnel = this.#options.tunnel();
    if (tunnel === undefined) return this.judge();
    if (this.#watchedKey !== tunnel.gateway.publicKey) this.#forget(tunnel.gateway.publicKey);
    const { reach: reached, digest } = await this.#knocks.reach(tunnel.gateway);
    const nowMs = this.#options.host.clock.monotonic();
    const isSame = reached === this.#reached;
    const isNews = reached === "ok" && digest !== this.#digest;
    if (isSame && !isNews && nowMs < this.#askDueMs)
      return nowMs < this.#glanceDueMs ? undefined : this.#glance(tunnel);
    this.#reached = reached;
    this.#digest = digest;
    if (reached === "ok") return isSame && !this.#isRefreshed ? this.#refresh(tunnel) : this.#ask(tunnel);
    return this.#take(tunnel, { answer: { kind: reached }, apiServers: [] });
  }

  #forget(publicKey: string | undefined): void {
    this.#watchedKey = publicKey;
    this.#hasAnswered = false;
    this.#reached = undefined;
    this.#link.forget();
    this.#digest = undefined;
    this.#seen = undefined;
    this.#apiServers.forget();
    this.#isRouteWell = true;
    this.#knocks.forget();
  }

  async #refresh({ gateway }: WatchedTunnel): Promise<void> {
    const { host } = this.#options;
    await askGateway(host, gateway.address); // The next answer counts.
    this.#isRefreshed = true;
    this.#askDueMs = host.clock.monotonic() + REFRESH_MS;
  }

  /** What was seen last still holds: with what else is known by now it may mean something else. A connection that fails is a reason to ask. */
  async #glance(tunnel: WatchedTunnel): Promise<void> {
    if (this.#seen === undefined || !(await this.#apiServers.glance())) return this.#ask(tunnel);
    await this.#conclude(tunnel, this.#seen);
    if (!this.#isRouteWell) this.askSoon();
  }

  async #ask(tunnel: WatchedTunnel): Promise<void> {
    const { gateway, vpcCidrs } = tunnel;
    const answer = await askGateway(this.#options.host, gateway.address);
    if (answer.kind !== "answered") return this.#take(tunnel, { answer, apiServers: [] });
    const { health } = answer;
    this.#digest = health.digest;
    reportKeyChange(gateway, health, this.#options.emit);
    const apiServers = await this.#apiServers.ask(health, vpcCidrs, this.#isRouteWell);
    return this.#take(tunnel, { answer, apiServers });
  }

  async #take(tunnel: WatchedTunnel, seen: SeenBehind): Promise<void> {
    this.#seen = seen;
    await this.#conclude(tunnel, seen);
    const isAnswered = seen.answer.kind === "answered";
    this.#isRefreshed = !isAnswered || this.#isRouteWell;
    const calmMs = this.#digest === undefined ? ASK_EARLIER_EVERY_MS : ASK_EVERY_MS;
    const waitMs = this.#isRouteWell ? calmMs : ASK_AGAIN_MS;
    this.#askDueMs = this.#options.host.clock.monotonic() + waitMs - (this.#isRefreshed ? 0 : REFRESH_MS);
  }

  async #conclude(tunnel: WatchedTunnel, { answer, apiServers }: SeenBehind): Promise<void> {
    const { host, board, config } = this.#options;
    this.#glanceDueMs = host.clock.monotonic() + GLANCE_EVERY_MS;
    this.#hasAnswered ||= answer.kind === "answered";
    await this.#link.read(tunnel, answer.kind === "answered");
    const [peer, nodeName, hasAnswered] = [this.#link.peer, config.node.name, this.#hasAnswered];
    const isHandshaken = hasSession(peer, host.clock.now());
    const silent = this.#options.silentGateway?.();
    const seen = diagnoseTunnel({ nodeName, tunnel, answer, peer, isHandshaken, hasAnswered, silent });
    const found = withSizeProblem(seen, this.#options.sizeProblem?.());
    board.set("TunnelUp", this.#joining.soften(found));
    const route = this.#diagnoseRoute(tunnel, answer.kind === "answered" ? answer.health : undefined, apiServers);
    if (route !== undefined) board.set("ControlPlaneRoute", route);
    this.#isRouteWell = route?.status === "True";
  }

  #doubt(): void {
    const { host, emit } = this.#options;
    const nowMs = host.clock.monotonic();
    if (nowMs < this.#doubtDueMs) return;
    this.#doubtDueMs = nowMs + DOUBT_EVERY_MS;
    emit({ kind: "remote-networks-doubted" });
  }

  /** Without a description of the cluster there is no API server to ask, and no word on its networks. */
  #diagnoseRoute(
    { address }: WatchedTunnel,
    health: GatewayHealth | undefined,
    apiServers: readonly ApiServerReach[],
  ): Report | undefined {
    const { config, cluster } = this.#options;
    const facts = cluster();
    if (facts === undefined) return undefined;
    const { name, identity } = config.node;
    const problem = identity === "hybrid" ? findRemoteNetworkProblem(facts, address) : undefined;
    if (problem !== undefined) this.#doubt();
    return diagnoseRoute({
      ...{ address, health, apiServers, nodeName: name },
      ...{ cluster: facts, remoteNetworkProblem: problem },
    });
  }
}
