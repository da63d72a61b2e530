// One round: what the cluster says becomes peers, routes and rules of this machine, and the gateway's entry in the cluster.
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import { isoTime } from "../time.ts";
import type { GatewayEntry, NetworkEntry } from "../tunnel/entries.ts";
import { type SeenWireguard, sortNetworks } from "../tunnel/wireguard-config.ts";
import type { ApiReport } from "./api-report.ts";
import type { ClusterView } from "./cluster-view.ts";
import { EntryPublisher } from "./entry-publisher.ts";
import type { GatewayIdentity } from "./gateway-config.ts";
import { GatewayDevice, type WantedDevice } from "./gateway-device.ts";
import type { GatewayConfig } from "./gateway-schema.ts";
import type { GatewaySession } from "./gateway-session.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";
import { KeptIdentity } from "./kept-identity.ts";
import { type LastGood, readLastGood, writeLastGood } from "./last-good.ts";
import { type AcceptedPeers, acceptPeers, holdKeys } from "./peers/accepted-peers.ts";
import { KnownEndpoints } from "./peers/known-endpoints.ts";
import { networksOf, planPeerRoutes } from "./peers/peer-routes.ts";
import { PeerTable } from "./peers/peer-table.ts";
import type { GatewayKey } from "./rotation/gateway-key.ts";
import { GatewayRotation } from "./rotation/gateway-rotation.ts";
import { KeyChangeRequests } from "./rotation/key-change-requests.ts";
import { KeyChanges, type KeyedPeer } from "./rotation/key-changes.ts";
import { acceptNextKeys } from "./rotation/next-keys.ts";
import { Turns } from "./rotation/turns.ts";

export interface GatewaySyncOptions {
  readonly host: Host;
  readonly config: GatewayConfig;
  readonly log: Log;
  readonly keys: GatewayKey;
  readonly metadata: Pick<InstanceMetadata, "read">;
  readonly view: ClusterView;
  readonly session: Pick<GatewaySession, "api">;
  readonly report: ApiReport;
  /** Another round is due. */
  readonly onChange: () => void;
}

/** What a round decided, before it is known which of two keys a node has. */
interface Choice {
  readonly accepted: AcceptedPeers;
  readonly nextKeys: ReadonlyMap<string, string>;
}

export class GatewaySync {
  readonly table: PeerTable;
  readonly changes: KeyChanges;
  readonly requests: KeyChangeRequests;
  readonly rotation: GatewayRotation;
  readonly #turns = new Turns();
  readonly #options: GatewaySyncOptions;
  readonly #device: GatewayDevice;
  readonly #endpoints: KnownEndpoints;
  readonly #publisher: EntryPublisher;
  readonly #since: string;
  #held: ReadonlyMap<string, string> = new Map();
  #choice: Choice | undefined;
  readonly #identity: KeptIdentity;
  #saved = "";
  #syncs = 0;
  #changes = 0;
  #lastSeconds = 0;

  constructor(options: GatewaySyncOptions) {
    const { host, config, keys, log } = options;
    this.#options = options;
    this.#endpoints = new KnownEndpoints({ host, log, file: `${config.stateFolder}/endpoints.json` });
    this.#device = new GatewayDevice(host, config, { keys, endpoints: this.#endpoints });
    this.#identity = new KeptIdentity(options);
    this.#publisher = new EntryPublisher(host.clock);
    this.#since = isoTime(host.clock.now());
    this.table = new PeerTable(log);
    this.changes = new KeyChanges(host.clock);
    this.rotation = new GatewayRotation({
      ...{ host, log, config, key: keys, turns: this.#turns, onChange: options.onChange, network: () => this.network },
    });
    this.requests = new KeyChangeRequests({
      ...{ host, log, changes: this.changes, turns: this.#turns, onMoved: options.onChange },
      peerAt: (address) => this.table.at(address),
      readInterface: () => this.#device.read(),
    });
  }

  /** Name and addresses; undefined before the first round. */
  get identity(): GatewayIdentity | undefined {
    return this.#identity.known;
  }

  get network(): NetworkEntry | undefined {
    return this.#options.view.map().network;
  }

  get keyMadeMs(): number | undefined {
    return this.#options.keys.madeMs;
  }

  get numbers() {
    return { syncs: this.#syncs, changes: this.#changes, lastSyncSeconds: this.#lastSeconds };
  }

  /** Adopts what the cluster said to an earlier run. */
  async restore(): Promise<void> {
    const { host, view } = this.#options;
    await this.#endpoints.restore();
    const lastGood = await readLastGood(host, this.#lastGoodFile());
    if (lastGood === undefined) return;
    this.#held = new Map(Object.entries(lastGood.held));
    view.restore(lastGood);
  }

  /** What the interface has now. */
  readInterface(): Promise<SeenWireguard> {
    return this.#device.read();
  }

  /** Notes where satellites are: a restart finds one soon after its first word, and soon after a NAT has moved it. */
  async learn(): Promise<void> {
    await this.#endpoints.note(await this.#device.read());
  }

  /** @throws what kept the machine from being as the cluster says */
  async round(): Promise<void> {
    const { host, view } = this.#options;
    const startedMs = host.clock.monotonic();
    const identity = await this.#identity.read();
    // Nothing is known of the cluster, now or from before: peers of an earlier process may be there, and stay.
    if (!view.isKnown) return;
    await this.#turns.take(() => this.#applyAccepted(identity));
    this.#syncs += 1;
    this.#lastSeconds = (host.clock.monotonic() - startedMs) / 1000;
    await this.#publish(identity);
  }

  async #applyAccepted({ address }: GatewayIdentity): Promise<void> {
    const { view, log } = this.#options;
    const map = view.map();
    const sources = { map, annotations: view.annotations, held: this.#held, ownKey: this.#options.keys.publicKey };
    const accepted = acceptPeers(sources);
    this.#held = holdKeys(sources, accepted.peers);
    const next = { peers: accepted.peers, said: view.nextKeys, map, held: this.#held, ownKeys: this.#ownKeys() };
    this.#choice = { accepted, nextKeys: acceptNextKeys(next) };
    this.table.replace(await this.#choose(this.#choice));
    await this.#save();
    const written = await this.#device.apply(this.#wanted(address, map.network));
    if (written.length === 0) return;
    this.#changes += 1;
    log.info({ written: written.join(" "), peers: accepted.peers.length }, "the machine follows the cluster");
  }

  /** Of a node with two keys the one that the satellite has. */
  async #choose({ accepted, nextKeys }: Choice): Promise<AcceptedPeers & { readonly peers: readonly KeyedPeer[] }> {
    const seen = nextKeys.size === 0 ? undefined : await this.#device.read().catch(() => undefined); // It is made then.
    return { ...accepted, peers: this.changes.choose(accepted.peers, nextKeys, seen) };
  }

  /** Looks whether a node has changed its key, while one is about to. */
  async attend(): Promise<void> {
    const choice = this.#choice;
    if (choice === undefined) return;
    const isChanged = await this.#turns.take(async () => this.table.differsFrom((await this.#choose(choice)).peers));
    if (isChanged) this.#options.onChange();
  }

  #wanted(address: string, network: NetworkEntry | undefined): WantedDevice {
    const { config, view } = this.#options;
    const { apiServers, clusterDns } = view.services;
    return {
      peers: this.table.peers.flatMap(({ publicKey, spareKey, allowedIps }) => [
        { publicKey, allowedIps: sortNetworks(allowedIps) },
        ...(spareKey === undefined ? [] : [{ publicKey: spareKey, allowedIps: [] }]),
      ]),
      routes: planPeerRoutes(networksOf(network), this.table.peers, { mtus: view.mtus, mtu: config.mtu }),
      policy: {
        address,
        mtu: config.mtu,
        vpcCidrs: network?.vpcCidrs ?? [],
        pods: network?.pods,
        services: [...apiServers, ...clusterDns],
        allow: config.allow,
      },
    };
  }

  #ownKeys(): readonly string[] {
    const { publicKey, nextPublicKey } = this.#options.keys;
    return nextPublicKey === undefined ? [publicKey] : [publicKey, nextPublicKey];
  }

  async #publish({ name, endpoint, address }: GatewayIdentity): Promise<void> {
    const { config, keys, log, report, session } = this.#options;
    const client = session.api();
    if (client === undefined) return;
    const { publicKey, nextPublicKey } = keys;
    const next = optional({ nextPublicKey });
    const own = { publicKey, ...next, endpoint, address, mtu: config.mtu, since: this.#since };
    const answers = report.of("own entry");
    const entry: GatewayEntry = { ...own, peers: this.table.keys() };
    try {
      const done = await this.#publisher.publish(client, name, entry);
      if (done === "written") log.info({ name, endpoint, address }, "entry published");
      if (done !== "not asked") answers.onAnswer();
    } catch (error) {
      answers.onFailure(error);
    }
  }

  async #save(): Promise<void> {
    const { host, view, log } = this.#options;
    const { goodData, annotations, nextKeys, services } = view;
    const lastGood: LastGood = {
      data: { ...goodData },
      annotations: Object.fromEntries(annotations),
      nextKeys: Object.fromEntries(nextKeys),
      held: Object.fromEntries(this.#held),
      services: { apiServers: [...services.apiServers], clusterDns: [...services.clusterDns] },
    };
    const text = JSON.stringify(lastGood);
    if (text === this.#saved) return;
    try {
      await writeLastGood(host, this.#lastGoodFile(), lastGood);
      this.#saved = text;
    } catch (err) {
      log.warn({ err }, "what the cluster said was not written for the next start");
    }
  }

  #lastGoodFile(): string {
    return `${this.#options.config.stateFolder}/last-good.json`;
  }
}
