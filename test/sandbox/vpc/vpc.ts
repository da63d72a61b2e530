// The VPC as tests and the command line see it.
import { execIn } from "../links.ts";
import type { VpcAddresses } from "./addresses.ts";
import { attachInstance, detachInstance, type PluggedInterface } from "./attach.ts";
import { type Cloud, readCloud } from "./cloud.ts";
import { settle } from "./settle.ts";

const icmp = ["--protocol", "icmp", "--jump", "DROP"];

export class Vpc {
  readonly #folder: string;
  readonly #addresses: VpcAddresses;

  constructor(folder: string, addresses: VpcAddresses) {
    this.#folder = folder;
    this.#addresses = addresses;
  }

  /** What AWS says of it now. */
  cloud(): Promise<Cloud> {
    return readCloud(this.#folder);
  }

  /** Returns once the network does what AWS's side says now. */
  settle(): Promise<void> {
    return settle(this.#folder, this.#addresses);
  }

  /** Plugs an instance in, and waits until packets pass. */
  async attach(namespace: string, interfaces: readonly PluggedInterface[]): Promise<void> {
    await attachInstance(this.#addresses, namespace, interfaces);
    await this.settle();
  }

  async detach(interfaces: readonly Pick<PluggedInterface, "id">[]): Promise<void> {
    await detachInstance(this.#addresses, interfaces);
    await this.settle();
  }

  /** Whether ICMP passes between network interfaces: a network access list without it makes black holes of large packets. */
  async icmp(reach: "drop" | "allow"): Promise<void> {
    const iptables = (how: string) =>
      execIn(this.#addresses.fabricNamespace, ["iptables", "--table", "mangle", how, "FORWARD", ...icmp]);
    await iptables("--delete").catch(() => undefined); // it is not there
    if (reach === "drop") await iptables("--insert");
  }

  /** How it routes and filters, in the kernel's words. */
  async describe(): Promise<string> {
    const show = async (...command: string[]) => (await execIn(this.#addresses.fabricNamespace, command)).stdout;
    const routes = await show("ip", "route", "show", "table", "all", "type", "unicast");
    return [await show("ip", "rule"), routes, await show("iptables-save")].join("\n\n");
  }
}
