// Programs the fabric and the control plane's routes from what AWS says: only what is another than before is touched.
import { getServers } from "node:dns";
import { isIPv4 } from "node:net";
import { execa } from "execa";
import type { Addresses } from "../addresses.ts";
import { clean } from "../environment.ts";
import { execIn, ip } from "../links.ts";
import { apiEniAddresses, type VpcAddresses } from "./addresses.ts";
import { routerOf } from "./attach.ts";
import type { Cloud } from "./cloud.ts";
import { apiDevice, balancedSource, eniTable } from "./control-plane.ts";
import { elasticPairs, renderFilter } from "./fabric-filter.ts";
import { type Commands, fabricPreference, renderControlRoutes, renderFabricRoutes } from "./fabric-routes.ts";
import { portsOf } from "./ports.ts";

/** All of what AWS's side asks for. */
export interface FabricProgram {
  readonly fabric: Commands;
  readonly control: Commands;
  readonly filter: string;
  /** Elastic IPs with the addresses that they lead to; they are in the filter too. */
  readonly elastic: ReadonlyMap<string, string>;
}

/** The same cloud, links and resolvers give the same program. */
export function renderProgram(
  cloud: Cloud,
  links: ReadonlySet<string>,
  vpc: VpcAddresses,
  resolvers: readonly string[] = hostResolvers(),
): FabricProgram {
  const ports = portsOf(cloud, links);
  return {
    fabric: renderFabricRoutes(cloud, ports, vpc),
    control: new Map(apiEniAddresses.flatMap((address, index) => controlRoutes(cloud, links, address, index))),
    filter: renderFilter(cloud, ports, resolvers),
    elastic: elasticPairs(cloud),
  };
}

/** The name servers of the host, which every machine and instance of the sandbox asks. */
function hostResolvers(): readonly string[] {
  return getServers().filter(isIPv4);
}

/** Connections that begin without a choice of interface go by the main table; answers by that of their interface. */
function controlRoutes(cloud: Cloud, links: ReadonlySet<string>, address: string, index: number) {
  const eni = portsOf(cloud, links).find((port) => port.address === address);
  const subnet = cloud.subnets.find(({ id }) => id === eni?.subnet);
  if (subnet === undefined) return [];
  const [router, device] = [routerOf(subnet.cidr), apiDevice(index)];
  const own = renderControlRoutes(cloud, router, device, "", eniTable(index));
  const main = index === 0 ? renderControlRoutes(cloud, router, device, `src ${balancedSource}`, "main") : [];
  return [...own, ...main];
}

/** Applies programs one after the other. */
export class Fabric {
  readonly #addresses: Addresses;
  readonly #vpc: VpcAddresses;
  #last: FabricProgram = { fabric: new Map(), control: new Map(), filter: "", elastic: new Map() };

  constructor(addresses: Addresses, vpc: VpcAddresses) {
    this.#addresses = addresses;
    this.#vpc = vpc;
  }

  /** Takes away what an earlier process left, which this one does not know. */
  async reset(): Promise<void> {
    const { fabricNamespace } = this.#vpc;
    const remove = () => ip(["-n", fabricNamespace, "rule", "delete", "preference", String(fabricPreference)]);
    while (await remove().catch(() => false)); // until there is none
    const flush = (...args: string[]) =>
      ip(["-n", this.#addresses.controlNamespace, "route", "flush", ...args]).catch(() => undefined); // nothing is there
    await flush("table", "main", "src", balancedSource);
    for (const index of apiEniAddresses.keys()) await flush("table", eniTable(index));
  }

  /** Returns what was changed, a line each. @throws Error with the kernel's words when it refuses some of it */
  async apply(program: FabricProgram): Promise<readonly string[]> {
    const fabric = await batch(this.#vpc.fabricNamespace, this.#last.fabric, program.fabric);
    const control = await batch(this.#addresses.controlNamespace, this.#last.control, program.control);
    const isFiltered = this.#last.filter === program.filter;
    if (!isFiltered) await execIn(this.#vpc.fabricNamespace, ["iptables-restore"], program.filter);
    for (const [address, target] of this.#last.elastic)
      if (program.elastic.get(address) !== target) await this.#forget(address);
    this.#last = program;
    return [...fabric, ...control.map((line) => `control plane: ${line}`), ...(isFiltered ? [] : ["security groups"])];
  }

  /** An Elastic IP that moved leads elsewhere at once, for flows that go on too. */
  async #forget(address: string): Promise<void> {
    for (const side of ["--orig-dst", "--reply-dst"]) {
      const flows = ["conntrack", "--delete", side, address];
      await execIn(this.#vpc.fabricNamespace, flows).catch(() => undefined); // there is none
    }
  }
}

/** New ones first: a packet never finds less than before and after have in common. */
async function batch(namespace: string, before: Commands, after: Commands): Promise<readonly string[]> {
  const wanted = [...after].filter(([key, command]) => before.get(key) !== command).map(([, command]) => command);
  const stale = [...before.keys()].filter((key) => !after.has(key));
  const isThere = /File exists/;
  for (const [lines, harmless] of [
    [wanted, isThere],
    [stale, /No such|Cannot find|Cannot assign/],
  ] as const) {
    if (lines.length === 0) continue;
    const options = { ...clean(), input: `${lines.join("\n")}\n`, reject: false };
    const { stderr, failed } = await execa("ip", ["-n", namespace, "-force", "-batch", "-"], options);
    const problems = stderr.split("\n").filter((line) => /^(Error|RTNETLINK)/.test(line) && !harmless.test(line));
    if (failed && problems.length > 0)
      throw new Error(`${problems.join("; ")} in ${namespace} of:\n${lines.join("\n")}`);
  }
  return [...wanted, ...stale];
}
