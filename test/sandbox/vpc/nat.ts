// The NAT in front of the machine, and what NATs and their networks do to a tunnel.
import type { Addresses } from "../addresses.ts";
import { ensureLink, ensureNamespace, execIn, ip, setAddress, setParameters } from "../links.ts";
import type { Machine } from "../machine/machine.ts";
import { providerPrefixLength, type VpcAddresses } from "./addresses.ts";
import { lanBridge, wanLink } from "./topology.ts";

/** How long the kernel's NAT remembers UDP, seconds: before and after an answer was seen. */
const memory = { first: "30", answered: "120" };

/** What `drop-udp` drops: all but names, which networks that block UDP let through. */
const udp = [
  "--protocol",
  "udp",
  "!",
  "--dport",
  "53",
  "--match",
  "comment",
  "--comment",
  "drop-udp",
  "--jump",
  "DROP",
];
/** How a sender learns that its packets are too large. */
const tooLarge = ["--protocol", "icmp", "--icmp-type", "fragmentation-needed", "--jump", "DROP"];

export class Nat {
  readonly #addresses: Addresses;
  readonly #vpc: VpcAddresses;
  readonly #machine: Pick<Machine, "run">;

  constructor(addresses: Addresses, vpc: VpcAddresses, machine: Pick<Machine, "run">) {
    this.#addresses = addresses;
    this.#vpc = vpc;
    this.#machine = machine;
  }

  /** The public address that it has now. */
  async publicAddress(): Promise<string> {
    const found = await this.#ip("-json", "-4", "address", "show", "dev", wanLink);
    return JSON.parse(found.stdout)[0].addr_info[0].local;
  }

  /** Gives it another public address, which it returns: all that it remembers of connections is void. */
  async rebind(): Promise<string> {
    const { natPublic, provider } = this.#vpc;
    const old = await this.publicAddress();
    const fresh = natPublic[(natPublic.indexOf(old) + 1) % natPublic.length] ?? natPublic[0];
    await this.#ip("address", "delete", `${old}/${providerPrefixLength}`, "dev", wanLink);
    await this.#ip("address", "add", `${fresh}/${providerPrefixLength}`, "dev", wanLink);
    await this.#ip("route", "replace", "default", "via", provider);
    await this.#forgetAll();
    return fresh;
  }

  /** Gives every connection another port at the same public address, now and from now on. */
  async remap(): Promise<void> {
    const rule = ["POSTROUTING", "--out-interface", wanLink, "--jump", "MASQUERADE"];
    await this.#iptables("--table", "nat", "--flush", "POSTROUTING");
    await this.#iptables("--table", "nat", "--append", ...rule, "--random-fully");
    await this.#forgetAll();
  }

  /** Forgets UDP after so many seconds of silence; undefined is the kernel's own time. */
  async forget(seconds?: number): Promise<void> {
    const name = "netfilter/nf_conntrack_udp_timeout";
    const first = seconds === undefined ? memory.first : String(seconds);
    const answered = seconds === undefined ? memory.answered : String(seconds);
    await setParameters(this.#vpc.natNamespace, { [name]: first, [`${name}_stream`]: answered });
    // What is remembered keeps the time that it was given.
    await this.#forgetAll();
  }

  /** Drops UDP in both directions, names apart, or lets it pass again. */
  async udp(reach: "drop" | "allow"): Promise<void> {
    await this.#without("FORWARD", udp);
    if (reach === "drop") await this.#iptables("--insert", "FORWARD", ...udp);
  }

  /**
   * Sets the MTU of the NAT's link with the internet; `silent` keeps from senders that a packet was too large. TCP has no part in it, as
   * behind routers of DSL: they lower the segments of each connection that begins, and do nothing for UDP.
   */
  async mtu(bytes: number, { silent = false }: { readonly silent?: boolean } = {}): Promise<void> {
    const { internetNamespace, natNamespace } = this.#vpc;
    await this.#iptables("--table", "mangle", "--flush", "FORWARD");
    const syn = ["--protocol", "tcp", "--tcp-flags", "SYN,RST", "SYN"];
    await this.#iptables(
      "--table",
      "mangle",
      "--append",
      "FORWARD",
      ...syn,
      "--jump",
      "TCPMSS",
      "--set-mss",
      `${bytes - 40}`,
    );
    await ip(["-n", natNamespace, "link", "set", wanLink, "mtu", String(bytes)]);
    await ip(["-n", internetNamespace, "link", "set", "nat", "mtu", String(bytes)]);
    for (const namespace of [natNamespace, internetNamespace]) {
      await this.#without("OUTPUT", tooLarge, namespace);
      if (silent) await execIn(namespace, ["iptables", "--insert", "OUTPUT", ...tooLarge]);
    }
  }

  /** Drops what has to be cut into fragments for the NAT's link with the internet, in both directions. */
  async fragments(reach: "drop" | "allow"): Promise<void> {
    const { internetNamespace, natNamespace } = this.#vpc;
    for (const [namespace, dev] of [
      [natNamespace, wanLink],
      [internetNamespace, "nat"],
    ] as const) {
      const tc = (...args: readonly string[]) => execIn(namespace, ["tc", ...args]);
      await tc("qdisc", "delete", "dev", dev, "root").catch(() => undefined); // it is not there
      if (reach === "allow") continue;
      // Netfilter sees no fragments: they are cut after its last hook, and put together before its first.
      await tc(..."qdisc add dev".split(" "), dev, ..."root handle 1: htb default 10".split(" "));
      for (const id of ["1:10", "1:3"])
        await tc(..."class add dev".split(" "), dev, ..."parent 1: classid".split(" "), id, "htb", "rate", "10gbit");
      // A packet that is longer than the bucket is lost.
      await tc(..."qdisc add dev".split(" "), dev, ..."parent 1:3 tbf rate 8kbit burst 40 limit 1000".split(" "));
      const isNotLast = ["match", "u16", "0x2000", "0x2000", "at", "6"];
      await tc("filter", "add", "dev", dev, "parent", "1:", "protocol", "ip", "u32", ...isNotLast, "flowid", "1:3");
    }
  }

  /** A second machine behind the same NAT: a bare namespace with an address, which it returns the name of. */
  async neighbour(): Promise<string> {
    const { natNamespace, lanRouter, lanOthers } = this.#vpc;
    const namespace = `eks-satellite-${this.#addresses.slot}-neighbour`;
    await ensureNamespace(namespace);
    await ensureLink([natNamespace, "neighbour"], [namespace, "eth0"]);
    await ip(["-n", natNamespace, "link", "set", "neighbour", "master", lanBridge, "up"]);
    await setAddress(namespace, "eth0", lanOthers[1], 24);
    await ip(["-n", namespace, "route", "replace", "default", "via", lanRouter]);
    return namespace;
  }

  /** Moves the machine to its other private address, or back, as a DHCP server may; returns the address that it has now. */
  async moveMachine(): Promise<string> {
    const { lanOthers, lanRouter } = this.#vpc;
    const { node, uplink } = this.#addresses;
    const { stdout } = await this.#machine.run(["ip", "-json", "-4", "address", "show", "dev", "eth0"]);
    const [old, fresh] = stdout.includes(`"${node}"`) ? [node, lanOthers[0]] : [lanOthers[0], node];
    await this.#machine.run(["ip", "address", "delete", `${old}/24`, "dev", "eth0"]);
    await this.#machine.run(["ip", "address", "add", `${fresh}/24`, "dev", "eth0"]);
    await this.#machine.run(["ip", "route", "replace", "default", "via", lanRouter]);
    await ip(["route", "replace", fresh, "via", uplink.inside]);
    return fresh;
  }

  #forgetAll() {
    return execIn(this.#vpc.natNamespace, ["conntrack", "--flush"]);
  }

  async #without(chain: string, rule: readonly string[], namespace = this.#vpc.natNamespace): Promise<void> {
    await execIn(namespace, ["iptables", "--delete", chain, ...rule]).catch(() => undefined); // it is not there
  }

  #iptables(...args: readonly string[]) {
    return execIn(this.#vpc.natNamespace, ["iptables", ...args]);
  }

  #ip(...args: readonly string[]) {
    return ip(["-n", this.#vpc.natNamespace, ...args]);
  }
}
