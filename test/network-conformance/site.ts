// Where the rows are asked: a node with pods that have addresses, two gateways, a second satellite, and a server on the internet.
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { openPort } from "../e2e/network/connected.ts";
import { Neighbour } from "../e2e/network/neighbour.ts";
import { Pair } from "../e2e/network/pair.ts";
import { PODS, RoutedNode } from "../e2e/network/routed.ts";
import { POD_PORT } from "../e2e/network/routed-pods.ts";
import { serveOn } from "../e2e/network/serve-on.ts";
import { startWebhook } from "../e2e/network/webhook.ts";
import { addressesOf } from "../sandbox/addresses.ts";
import { down } from "../sandbox/down.ts";
import { cacheFolder, type MachineKind } from "../sandbox/state.ts";
import { Datagrams } from "./datagrams.ts";

export const ECHO_PORT = 9001;
/** The address of the other satellite's pod. */
export const NEIGHBOUR_POD = "10.250.17.9";
const NEIGHBOUR = { address: "10.250.0.77", pods: { own: "10.250.17.0/25", address: NEIGHBOUR_POD, all: PODS.all } };
/** The application's pod: it is at the same address in every VPC. */
const APP_POD = addressesOf(0, "vpc").appPod;

/** Without KVM a processor is emulated. */
const HEALTHY_MS: Readonly<Record<MachineKind, number>> = { nspawn: 180_000, vm: 480_000 };

export class Site {
  readonly node: RoutedNode;
  readonly pair: Pair;
  readonly neighbour: Neighbour;
  readonly datagrams: Datagrams;
  /** Address of a server that only the internet leads to. */
  readonly internet: string;
  /** How long the node may take until it is well again. */
  readonly healthyMs: number;
  readonly #servers: readonly ChildProcess[];

  private constructor(node: RoutedNode, neighbour: Neighbour, healthyMs: number) {
    const { addresses } = node.connected.sandbox;
    if (addresses.vpc === undefined) throw new Error("the sandbox has no VPC");
    this.node = node;
    this.neighbour = neighbour;
    this.healthyMs = healthyMs;
    this.pair = new Pair(node.connected.sandbox);
    this.datagrams = new Datagrams(node, ECHO_PORT);
    this.internet = addresses.vpc.provider;
    this.#servers = [
      serveOn(neighbour.namespace, NEIGHBOUR_POD, POD_PORT),
      serveOn(addresses.vpc.internetNamespace, this.internet, POD_PORT),
    ];
  }

  /** A sandbox that does not come up is taken down. */
  static async bringUp(machine: MachineKind): Promise<Site> {
    const folder = join(cacheFolder(), `conformance-${machine}-sandbox`);
    try {
      return await Site.#make(machine, folder);
    } catch (error) {
      await down(folder);
      throw error;
    }
  }

  static async #make(machine: MachineKind, folder: string): Promise<Site> {
    const healthyMs = HEALTHY_MS[machine];
    // The port of the echoes is open to satellites, and so is none of the application's others: its security group says which.
    const gatewayOptions = `--allow ${APP_POD}/32`;
    // The check of everything takes longer on an emulated processor than the daemon waits for it.
    const config = machine === "vm" ? { node: { check: "off" } } : {};
    const node = await RoutedNode.bringUp({ folder, machine, config, hasStandby: true, gatewayOptions, healthyMs });
    const { connected } = node;
    await openPort(connected, ECHO_PORT, "udp");
    await node.route();
    await node.startPods();
    await startWebhook(connected, { hostNetwork: false, readySeconds: healthyMs / 1000 });
    const holder = await new Pair(connected.sandbox).settled(connected.satellite, healthyMs);
    const neighbour = await Neighbour.join(connected.sandbox, NEIGHBOUR.address, NEIGHBOUR.pods);
    await neighbour.follow(holder);
    return new Site(node, neighbour, healthyMs);
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.kill();
    await this.neighbour.leave();
    await this.node.connected.close();
  }
}
