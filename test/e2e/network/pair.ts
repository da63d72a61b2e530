// Two gateways of a sandbox: which instance is whose, which of them holds the Lease, and where the VPC's routes lead.
import type { Instance } from "../../sandbox/instances/instance.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import type { CloudInterface } from "../../sandbox/vpc/cloud.ts";
import { waitFor } from "../../sandbox/wait.ts";
import type { Satellite } from "../satellite.ts";

export const GATEWAYS = ["gateway-1", "gateway-1-standby"] as const;
export type GatewayName = (typeof GATEWAYS)[number];
/** The node's interface for each. */
export const DEVICES = { "gateway-1": "es0", "gateway-1-standby": "es1" } as const;
export const LEASE = ["lease", "eks-satellite-gateway", "--namespace=kube-system"];

export function otherThan(name: GatewayName): GatewayName {
  return name === GATEWAYS[0] ? GATEWAYS[1] : GATEWAYS[0];
}

export class Pair {
  readonly #sandbox: Sandbox;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  async instance(name: GatewayName): Promise<Instance> {
    const { instances } = await this.#sandbox.vpc.cloud();
    const found = instances.find(({ state, tags }) => state !== "terminated" && tags["eks-satellite:gateway"] === name);
    if (found === undefined) throw new Error(`AWS has no instance of ${name}`);
    return this.#sandbox.instance(found.id);
  }

  /** The name in the Lease; undefined while there is none. */
  async holder(): Promise<GatewayName | undefined> {
    const identity = await this.#sandbox
      .kubectl(["get", ...LEASE, "--output=jsonpath={.spec.holderIdentity}"])
      .catch(() => "");
    return GATEWAYS.find((name) => identity.startsWith(`${name}_`));
  }

  async interface(name: GatewayName): Promise<CloudInterface> {
    const { instances, interfaces } = await this.#sandbox.vpc.cloud();
    const instance = instances.find(
      ({ state, tags }) => state !== "terminated" && tags["eks-satellite:gateway"] === name,
    );
    const eni = interfaces.find(({ id }) => id === instance?.interfaces[0]);
    if (eni === undefined) throw new Error(`AWS has no network interface of ${name}`);
    return eni;
  }

  /** Targets of the routes to satellites' networks: ids of network interfaces. */
  async targets(): Promise<readonly (string | null)[]> {
    const { routeTables } = await this.#sandbox.vpc.cloud();
    const routes = routeTables.flatMap((table) => table.routes);
    return [
      ...new Set(routes.filter(({ destination }) => destination.startsWith("10.250.")).map(({ target }) => target)),
    ];
  }

  /** The gateway that every route leads to; undefined where they lead to several. */
  async carrying(): Promise<GatewayName | undefined> {
    const targets = await this.targets();
    for (const name of GATEWAYS) if (targets.join() === (await this.interface(name)).id) return name;
    return undefined;
  }

  /** Waits until this one holds the Lease and has every route. */
  async until(name: GatewayName, deadlineMs = 60_000): Promise<void> {
    let said = "";
    const wait = { what: `${name} to hold the Lease and the routes`, deadlineMs, intervalMs: 100, explain: () => said };
    await waitFor(wait, async () => {
      const [holder, carrying] = [await this.holder(), await this.carrying()];
      said = `holder ${holder}, routes ${carrying}`;
      return holder === name && carrying === name;
    });
  }

  /** Waits until both are well, one has all, and the node follows it. @returns its name */
  async settled(satellite: Satellite, deadlineMs = 120_000): Promise<GatewayName> {
    await satellite.untilReason("TunnelUp", "GatewayAnswers", deadlineMs);
    const holder = await this.holder();
    if (holder === undefined) throw new Error("no gateway holds the Lease");
    await this.until(holder);
    const wait = { what: `the node to follow ${holder}`, deadlineMs: deadlineMs / 8, intervalMs: 200 };
    await waitFor(wait, async () => (await satellite.box("ip", "route", "get", "10.0.1.10")).includes(DEVICES[holder]));
    return holder;
  }
}
