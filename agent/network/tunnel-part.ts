// The satellite's end of the tunnel: knows whether this node has one and where it leads, and says its key to the cluster.
import type { ClusterFacts } from "../aws/cluster.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import type { Family } from "../board/metric-family.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { KeptSurroundings } from "../facts/tunnel/surroundings.ts";
import type { TunnelFacts } from "../facts/tunnel/tunnel-facts.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi, NodeState } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import { PUBLIC_KEY_ANNOTATION } from "../tunnel/names.ts";
import { resolveEndpoints } from "./endpoints.ts";
import { EntrySource } from "./entry-source.ts";
import { KeptKey } from "./key-file.ts";
import { FoundMtus } from "./mtu/found-mtus.ts";
import { GatewayKeys } from "./rotation/gateway-keys.ts";
import { readSavedEntry, type SavedEntry, writeSavedEntry } from "./saved-entry.ts";
import { isTunnelWell, judgeTunnel } from "./tunnel-condition.ts";
import { type ClusterWord, describeAbsence, entryOfConfig, type TunnelEntry } from "./tunnel-entry.ts";
import { composeTunnelFacts } from "./tunnel-facts.ts";
import { renderTunnelMetrics, renderTunnelStatus } from "./tunnel-status.ts";
import { WireguardKernel } from "./wireguard-kernel.ts";

/** Where the tunnel leads has changed: the machine is to be compared with it. */
export type TunnelEntryEvent = { readonly kind: "tunnel-changed" };

export interface TunnelPartOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly api: () => NodeApi | undefined;
  readonly cluster: () => ClusterFacts | undefined;
  readonly carrier: () => string | undefined;
  readonly emit: (event: TunnelEntryEvent) => void;
}

/** Rounds without a question after one with it, while nothing is amiss. */
const REST_ROUNDS = 4;

export class TunnelPart {
  readonly #options: TunnelPartOptions;
  readonly #source: EntrySource;
  readonly #mode: Config["network"]["tunnel"]["mode"];
  /** What holds now; undefined while it is not known. */
  #saved: SavedEntry | undefined;
  /** A disk took what is known. */
  #isWritten = true;
  #word: ClusterWord["kind"] = "no-network";
  #problem: SatelliteError | undefined;
  /** Whether the cluster has answered, or could not be reached: until then kubelet waits. */
  #isAnswered = false;
  #facts: TunnelFacts | undefined;
  #node: NodeState | undefined;
  #isNoted = true;
  /** A new Node changes many times while the key is on its way to it. */
  #isNoting = false;
  #isPlanned = false;
  #rests = 0;
  readonly #kernel = new WireguardKernel();
  readonly #key = new KeptKey();
  readonly #surroundings = new KeptSurroundings();
  readonly gatewayKeys = new GatewayKeys();
  readonly foundMtus = new FoundMtus();

  constructor(options: TunnelPartOptions) {
    const { host, config } = options;
    [this.#options, this.#mode] = [options, config.network.tunnel.mode];
    this.#source = new EntrySource(host.clock, config.node.name);
    if (this.#mode === "static") this.#saved = { entry: entryOfConfig(config), resolved: {} };
  }

  /** The facts of the last round of convergence. */
  get known(): TunnelFacts | undefined {
    return this.#facts;
  }

  /** What the cluster says, or the configuration. */
  get entry(): TunnelEntry | undefined {
    return this.#saved?.entry;
  }

  status() {
    return renderTunnelStatus(this.#options.config, this.#isPlanned ? this.#facts : undefined);
  }

  metrics(): readonly Family[] {
    return renderTunnelMetrics(() => this.#facts);
  }

  /** Which packages of the distribution it needs. */
  async needs() {
    const { host, config } = this.#options;
    const tunnel = this.#facts?.kind === "wanted" && this.#isPlanned;
    const isAllowed = config.network.tunnel.userspace === "allow";
    return { tunnel, wireguardGo: tunnel && isAllowed && !(await this.#kernel.hasWireguard(host)) };
  }

  /** Whether kubelet waits for the first answer. */
  isWaiting(): boolean {
    return this.#mode === "auto" && this.#saved === undefined && !this.#isAnswered;
  }

  /** Takes over what the cluster said before the daemon's start. */
  async restore(): Promise<void> {
    const { host, config } = this.#options;
    if (this.#mode === "auto") this.#saved = await readSavedEntry(host, config);
  }

  /** For the plan, once a round. Nothing of the network is waited for: kubelet waits for the first answer, and for no other. */
  async facts(): Promise<TunnelFacts | undefined> {
    this.#facts = await this.#compose();
    return this.#facts;
  }

  async #compose(): Promise<TunnelFacts | undefined> {
    const { host, cluster, carrier } = this.#options;
    if (this.#mode === "off") return { kind: "none", reason: "NotUsed", message: "network.tunnel.mode is off" };
    if (this.#saved === undefined) return this.#isAnswered ? undefined : { kind: "waiting" };
    const { entry, resolved } = this.#saved;
    if (entry === undefined) return { kind: "none", ...describeAbsence(this.#word), problem: this.#problem };
    return composeTunnelFacts(host, {
      ...{ entry: this.foundMtus.applyTo(this.gatewayKeys.applyTo(entry)), resolved, problem: this.#problem },
      ...{ serviceCidr: cluster()?.serviceCidr, carrier: carrier() },
      publicKey: () => this.#key.ensure(host),
      kept: this.#surroundings,
    });
  }

  /** Asks the cluster, resolves names, and notes the key on the Node. */
  async round(): Promise<void> {
    const { log, emit, api } = this.#options;
    if (this.#mode === "off" || (this.#mode === "auto" && api() === undefined)) return;
    if (this.#rests > 0 && this.#isSettled()) {
      this.#rests -= 1;
      return this.#note();
    }
    const before = JSON.stringify([this.#saved, this.#word, this.#problem, this.#isAnswered]);
    try {
      if (this.#mode === "auto") await this.#ask();
    } catch (error) {
      // An API server that is away has its own conditions; what it said last holds on.
      if (isOfEntry(error)) this.#problem = error;
      else log.debug({ err: error }, "the cluster was not asked for the tunnel's entry");
    }
    this.#isAnswered = true;
    await this.#resolve();
    if (JSON.stringify([this.#saved, this.#word, this.#problem, this.#isAnswered]) !== before)
      emit({ kind: "tunnel-changed" });
    await this.#note();
    this.#rests = REST_ROUNDS;
  }

  /**
   * A gateway that goes, has another key or accepts this node no more is silent, which TunnelUp says at once. A cluster without a gateway
   * gets one seldom; where one is there, an entry may come any minute.
   */
  #isSettled(): boolean {
    const { board } = this.#options;
    if (!this.#isNoted || this.#problem !== undefined || !this.#isWritten || !this.#isAnswered) return false;
    if (this.#mode === "auto" && this.#saved?.entry === undefined) return this.#word !== "no-entry";
    if (this.#mode === "auto" && !this.#isComplete()) return false;
    return isTunnelWell(board);
  }

  /** A gateway says this node's key in its entry once it accepts it. Pods that lack a network get it from an administrator, any minute. */
  #isComplete(): boolean {
    if (this.#facts?.kind !== "wanted" || this.#options.board.isFailing("PodNetworkReady")) return false;
    const { gateways, publicKey } = this.#facts.tunnel;
    return gateways.every(({ peers }) => peers?.[this.#options.config.node.name] === publicKey);
  }

  async #ask(): Promise<void> {
    const api = this.#options.api();
    if (api === undefined) return;
    const word = await this.#source.ask(api, this.#saved?.entry !== undefined);
    if (word === undefined) return;
    this.#word = word.kind;
    this.#problem = word.kind === "entry" ? word.problem : undefined;
    await this.#keep({
      entry: word.kind === "entry" ? word.entry : undefined,
      resolved: this.#saved?.resolved ?? {},
    });
  }

  async #resolve(): Promise<void> {
    if (this.#saved?.entry === undefined) return;
    const { entry, resolved } = this.#saved;
    const endpoints = entry.gateways.map(({ endpoint }) => endpoint);
    await this.#keep({ entry, resolved: await resolveEndpoints(this.#options.host, endpoints, resolved) });
  }

  /** A full disk keeps no tunnel from being set. */
  async #keep(next: SavedEntry): Promise<void> {
    const { host, config, log } = this.#options;
    const isNew = JSON.stringify(next) !== JSON.stringify(this.#saved);
    this.#saved = next;
    if (this.#mode !== "auto" || (!isNew && this.#isWritten)) return;
    try {
      await writeSavedEntry(host, config, next);
      this.#isWritten = true;
    } catch (err) {
      this.#isWritten = false;
      log.warn(
        { err },
        "what the cluster says of the tunnel was not kept: a reboot without the API server would lack it",
      );
    }
  }

  /** Takes the current Node; undefined when the cluster has none. */
  async see(node: NodeState | undefined): Promise<void> {
    this.#node = node;
    await this.#note();
  }

  /** Says this machine's public key in an annotation of its own Node, when it says another one. */
  async #note(): Promise<void> {
    const { config, log } = this.#options;
    const api = this.#options.api();
    if (this.#facts?.kind !== "wanted" || this.#node === undefined || api === undefined) return;
    const { publicKey } = this.#facts.tunnel;
    if (this.#node.tunnelKey === publicKey || this.#isNoting) return;
    this.#isNoting = true;
    try {
      await api.patchAnnotations(config.node.name, { [PUBLIC_KEY_ANNOTATION]: publicKey });
      if (this.#node !== undefined) this.#node = { ...this.#node, tunnelKey: publicKey };
      this.#isNoted = true;
      log.info({ publicKey }, "the Node says the tunnel's public key");
    } catch (err) {
      if (this.#isNoted)
        log.warn({ err }, "the tunnel's public key was not written to the Node; it is tried each minute");
      this.#isNoted = false;
    } finally {
      this.#isNoting = false;
    }
  }

  /** Takes the end of a round of convergence, and what kept the tunnel from being as planned. */
  judge({ isPlanned, failure }: { readonly isPlanned: boolean; readonly failure: unknown }): void {
    this.#isPlanned = isPlanned;
    const report = judgeTunnel(this.#facts, failure);
    if (report !== undefined) this.#options.board.set("TunnelConfigured", report);
  }
}

function isOfEntry(error: unknown): error is SatelliteError {
  return error instanceof SatelliteError && error.code === "tunnel-entry-invalid";
}
