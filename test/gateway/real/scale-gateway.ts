// A gateway of a large cluster: a real API server with a Node and an entry for each satellite, real WireGuard, and all of the gateway but its
// session with AWS and its server. Two satellites are real; of the others there are the keys, which never speak.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiReport } from "../../../agent/gateway/api-report.ts";
import { ClusterView } from "../../../agent/gateway/cluster-view.ts";
import { gatewaySchema } from "../../../agent/gateway/gateway-schema.ts";
import { GatewaySync } from "../../../agent/gateway/gateway-sync.ts";
import { GatewayKey } from "../../../agent/gateway/rotation/gateway-key.ts";
import { type ApiClient, MERGE_PATCH } from "../../../agent/kubernetes/api-client.ts";
import { Loop } from "../../../agent/loop/loop.ts";
import { renderNetworkEntry, renderNodeEntry } from "../../../agent/tunnel/entries.ts";
import {
  GATEWAYS_CONFIG_MAP,
  NETWORK_CONFIG_MAP,
  PUBLIC_KEY_ANNOTATION,
  TUNNEL_NAMESPACE,
} from "../../../agent/tunnel/names.ts";
import { createMemoryLog, type MemoryLog } from "../../fakes/memory-log.ts";
import type { Programs } from "../../network/real/programs.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { ApiServer } from "./api-server.ts";
import { ECHO_PORT } from "./packets.ts";
import { GATEWAY, PeersLab, SATELLITES, VPC_HOST } from "./peers-lab.ts";

export const CONFIG_MAPS = `/api/v1/namespaces/${TUNNEL_NAMESPACE}/configmaps`;
const NETWORK = {
  nodes: "10.250.0.0/20",
  pods: "10.251.0.0/16",
  vpcCidrs: ["10.20.0.0/16"],
  serviceCidr: "10.100.0.0/16",
};
const SYNC_SECONDS = 30;
/** Requests that make Nodes, at a time. */
const AT_ONCE = 16;

type ApiPrograms = Parameters<ApiServer["start"]>[0];

export class ScaleGateway {
  readonly lab: PeersLab;
  readonly log: MemoryLog = createMemoryLog();
  readonly #server = new ApiServer({});
  readonly #abort = new AbortController();
  #sync: GatewaySync | undefined;
  #following: Promise<unknown> | undefined;
  #admin: ApiClient | undefined;

  constructor(programs: Programs) {
    this.lab = new PeersLab(programs);
  }

  get admin(): ApiClient {
    if (this.#admin === undefined) throw new Error("the API server does not run");
    return this.#admin;
  }

  get sync(): GatewaySync {
    if (this.#sync === undefined) throw new Error("the gateway does not run");
    return this.#sync;
  }

  /** Starts the API server with so many satellites, and no gateway yet. */
  async up(programs: ApiPrograms, satellites: number): Promise<void> {
    await Promise.all([this.lab.up(), this.#server.start(programs)]);
    this.#admin = this.#server.as("admin");
    const data = Object.assign(renderNetworkEntry(NETWORK), ...times(satellites).map((index) => this.entryOf(index)));
    await this.#make(NETWORK_CONFIG_MAP, data);
    await this.#make(GATEWAYS_CONFIG_MAP, {});
    const indexes = times(satellites);
    while (indexes.length > 0) await Promise.all(indexes.splice(0, AT_ONCE).map((index) => this.makeNode(index)));
  }

  /** Runs the gateway's loops. @returns seconds until every satellite is a peer */
  async run(satellites: number): Promise<number> {
    const began = performance.now();
    const stateFolder = this.lab.folder;
    await this.lab.host.files.write(join(stateFolder, "wireguard.key"), this.lab.privateKey, { mode: 0o600 });
    const settings = gatewaySchema.parse({
      ...{ cluster: { name: "real", region: "us-west-2" }, name: "gateway-1", address: GATEWAY },
      ...{ endpoint: `${GATEWAY}:51820`, userspace: "allow" },
      allow: [{ cidr: `${VPC_HOST}/32`, port: ECHO_PORT, protocol: "udp" }],
    });
    const config = { ...settings, stateFolder, runFolder: stateFolder };
    const { log } = this.log;
    const { host } = this.lab;
    const session = { api: () => this.admin };
    const report = new ApiReport(log, { replaceToken: async () => undefined, describeSoon: () => undefined });
    const keys = await GatewayKey.open(host, join(stateFolder, "wireguard.key"));
    const onChange = () => void loop.trigger();
    const view = new ClusterView({ host, log, api: session.api, report, onChange });
    const metadata = { read: async () => undefined };
    const sync = new GatewaySync({ host, config, log, keys, metadata, view, session, report, onChange });
    const { monotonic, sleep } = host.clock;
    const run = () => sync.round();
    const loop = new Loop({
      name: "sync",
      everySeconds: SYNC_SECONDS,
      run,
      log,
      monotonic,
      sleep,
      random: host.random,
    });
    this.#sync = sync;
    void loop.start(this.#abort.signal);
    this.#following = view.run(this.#abort.signal);
    await this.untilPeers(satellites);
    return (performance.now() - began) / 1000;
  }

  /** Waits until the interface has so many peers. */
  async untilPeers(count: number): Promise<void> {
    let seen = 0;
    const explain = () => `there are ${seen}; ${JSON.stringify(this.log.lines.slice(-3))}`;
    await waitFor({ what: `${count} peers`, deadlineMs: 120_000, intervalMs: 20, explain }, async () => {
      seen = this.sync.table.peers.length;
      return seen === count && (await this.sync.readInterface()).peers.size === count;
    });
  }

  /** Gives a satellite another key, and waits until the sync that gives it to the interface has ended. @returns milliseconds */
  async changeKey(index: number, turn: number): Promise<number> {
    const key = keyOf(index, turn);
    const began = performance.now();
    const annotations = { [PUBLIC_KEY_ANNOTATION]: key };
    await this.admin.patch(`/api/v1/nodes/${nameOf(index)}`, MERGE_PATCH, { metadata: { annotations } });
    const wait = { what: "another key", deadlineMs: 30_000, intervalMs: 2 };
    const { commands } = this.lab;
    await waitFor(wait, async () => commands.some((line) => line.startsWith("wg set") && line.includes(key)));
    const { syncs } = this.sync.numbers;
    await waitFor({ ...wait, what: "the sync's end" }, async () => this.sync.numbers.syncs > syncs);
    return performance.now() - began;
  }

  /** Writes entries of further satellites, in one change of the ConfigMap. */
  async enter(indexes: readonly number[]): Promise<void> {
    const data = Object.assign({}, ...indexes.map((index) => this.entryOf(index)));
    await this.admin.patch(`${CONFIG_MAPS}/${NETWORK_CONFIG_MAP}`, MERGE_PATCH, { data });
  }

  async makeNode(index: number): Promise<void> {
    const publicKey = index === 0 ? this.lab.publicKey("a") : keyOf(index, 0);
    const metadata = { name: nameOf(index), annotations: { [PUBLIC_KEY_ANNOTATION]: publicKey } };
    await this.admin.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata });
  }

  /** The first one is the lab's. */
  entryOf(index: number) {
    const address = index === 0 ? SATELLITES.a : `10.250.${1 + (index >> 8)}.${index & 255}`;
    return renderNodeEntry(nameOf(index), { address, pods: [`10.251.${index >> 1}.${(index & 1) * 128}/25`] });
  }

  async down(): Promise<void> {
    this.#abort.abort();
    await this.#following?.catch(() => undefined); // It ends with what it waited for.
    await this.#server.stop();
    await this.lab.down();
  }

  async #make(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    await this.admin.post(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
  }
}

/** Of this process and of the programs that it has run and waited for, seconds. */
export function cpuSeconds(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  // proc(5): utime, stime, cutime, cstime are fields 14 to 17, in ticks of 10 ms.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

export function times(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

function nameOf(index: number): string {
  return `gpu-${String(index).padStart(4, "0")}.fleet.example.com`;
}

/** 32 bytes, which no one has the other half of. */
function keyOf(index: number, turn: number): string {
  const key = Buffer.alloc(32, 7);
  key.writeUInt32BE(index);
  key.writeUInt32BE(turn, 4);
  return key.toString("base64");
}
