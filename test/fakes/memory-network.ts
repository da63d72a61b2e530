// ip, wg and iptables of a machine in memory: what they set is there, and they print it as the real ones do.
import { rpFilterPath } from "../../agent/apply/tunnel/tunnel-state.ts";
import { Secret } from "../../agent/secret.ts";
import { WIREGUARD_UNIT } from "../../agent/tunnel/names.ts";
import { publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import type { MemoryHost } from "./memory-host.ts";

interface Peer {
  endpoint: string;
  allowedIps: string;
  keepalive: string;
}

const NO_DEVICE = { exitCode: 1, stderr: 'Cannot find device "es0"' };

/** Installs the three programs, systemctl's unit of wireguard-go, and what they know. */
export class MemoryNetwork {
  readonly host: MemoryHost;
  /** With its length and label, on `lo`. */
  readonly addresses = new Map<string, string>();
  readonly peers = new Map<string, Peer>();
  /** Destination and source. */
  readonly routes = new Map<string, string | undefined>();
  /** Networks of the agent's that lead nowhere. */
  readonly unreachable = new Set<string>();
  /** By chain of the table filter. */
  readonly chains = new Map<string, string[]>([
    ["INPUT", ["-j ufw-before-input"]],
    ["FORWARD", ["-j DOCKER-USER"]],
  ]);
  /** By chain of the table nat. */
  readonly natChains = new Map<string, string[]>([["POSTROUTING", ["-j KUBE-POSTROUTING"]]]);
  link: { mtu: number; isUp: boolean } | undefined;
  publicKey: string | undefined;
  kernelHasWireguard = true;
  hasWireguardGo = true;
  /** The arguments of the last systemd-run. */
  unit: readonly string[] | undefined;

  constructor(host: MemoryHost) {
    this.host = host;
    host.install("ip", (args) => this.#ip(args.filter((arg) => !["-json", "-4", "-6"].includes(arg))));
    host.install("wg", (args) => this.#wg(args));
    host.install("iptables", (args) => this.#iptables(args[3] === "nat" ? this.natChains : this.chains, args.slice(4)));
    const others = host.installed("systemctl");
    host.install("systemctl", (args) =>
      args.some((arg) => arg.includes(WIREGUARD_UNIT)) ? this.#systemctl(args[0]) : (others?.(args) ?? {}),
    );
    host.install("systemd-run", (args) => this.#systemdRun(args));
  }

  /** Commands that change anything, without those that only ask. */
  get changes(): readonly string[] {
    return this.host.commands.filter(
      (line) => !/ show\b|--list-rules|--check|is-active|reset-failed|^dpkg|^containerd|^systemctl/.test(line),
    );
  }

  addLink(): void {
    this.link = { mtu: 1500, isUp: false };
    this.#writeLink();
  }

  /** As after `ip link delete`, or the end of wireguard-go: keys, peers and routes go with it. */
  removeLink(): void {
    this.link = undefined;
    this.publicKey = undefined;
    this.peers.clear();
    this.routes.clear();
    for (const path of ["/proc/net/dev", rpFilterPath("es0")]) this.host.files.drop(path);
  }

  setMtu(mtu: number): void {
    if (this.link !== undefined) this.link.mtu = mtu;
    this.#writeLink();
  }

  #writeLink(): void {
    const { link, host } = this;
    if (link === undefined) return;
    host.files.put("/proc/net/dev", " es0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    if (host.files.peek(rpFilterPath("es0")) === undefined) host.files.put(rpFilterPath("es0"), "1\n");
  }

  #ip([object, verb, ...rest]: readonly string[]) {
    if (object === "address") return this.#address(verb, rest);
    if (object === "route") return this.#route(verb, rest);
    if (verb === "show") return this.link === undefined ? NO_DEVICE : {};
    if (verb === "add") {
      if (!this.kernelHasWireguard) return { exitCode: 2, stderr: "Error: Unknown device type." };
      this.addLink();
    } else if (verb === "delete") this.removeLink();
    else if (this.link === undefined) return NO_DEVICE;
    else {
      this.link = { mtu: Number(rest[rest.indexOf("mtu") + 1]), isUp: rest.includes("up") };
      this.#writeLink();
    }
    return {};
  }

  #address(verb: string | undefined, rest: readonly string[]) {
    const [address = ""] = rest;
    if (verb === "replace") this.addresses.set(address, rest[rest.indexOf("label") + 1] ?? "lo");
    else if (verb === "delete") this.addresses.delete(address);
    const own = { local: "127.0.0.1", prefixlen: 8, label: "lo" };
    const more = [...this.addresses].map(([text, name]) => {
      const [local, length] = text.split("/");
      return { local, prefixlen: Number(length), label: name };
    });
    const lo = { ifname: "lo", mtu: 65_536, flags: ["LOOPBACK", "UP"], addr_info: [own, ...more] };
    const { mtu, isUp } = this.link ?? {};
    const es0 = { ifname: "es0", mtu, flags: isUp ? ["NOARP", "UP"] : ["NOARP"], addr_info: [] };
    return { stdout: JSON.stringify(this.link === undefined ? [lo] : [lo, es0]) };
  }

  #route(verb: string | undefined, rest: readonly string[]) {
    const [destination = ""] = rest;
    if (rest.includes("unreachable")) return this.#unreachable(verb, rest);
    const source = rest.includes("src") ? rest[rest.indexOf("src") + 1] : undefined;
    if (destination === "default") return { stdout: JSON.stringify([{ dst: "default", dev: "eth0" }]) };
    if (this.link === undefined) return NO_DEVICE;
    if (verb === "replace") this.routes.set(destination, source);
    else if (verb === "delete") this.routes.delete(destination);
    const routes = [...this.routes].map(([dst, prefsrc]) => ({
      dst: dst.replace(/\/32$/, ""),
      ...(prefsrc === undefined ? {} : { prefsrc }),
    }));
    return { stdout: JSON.stringify(routes) };
  }

  #unreachable(verb: string | undefined, [, network = ""]: readonly string[]) {
    if (verb === "replace") this.unreachable.add(network);
    else if (verb === "delete") this.unreachable.delete(network);
    const own = [...this.unreachable].map((dst) => ({ type: "unreachable", dst, protocol: "137" }));
    return { stdout: JSON.stringify([{ type: "unreachable", dst: "198.18.0.0/15" }, ...own]) };
  }

  #wg([verb, , ...rest]: readonly string[]) {
    if (this.link === undefined) return { exitCode: 1, stderr: "Unable to access interface: No such device" };
    if (verb === "show") return { stdout: this.#dump() };
    let key = "";
    for (let index = 0; index < rest.length; index += 2) {
      const [word = "", value = ""] = rest.slice(index, index + 2);
      if (word === "private-key") this.publicKey = publicKeyOf(new Secret(this.host.files.peek(value)?.content ?? ""));
      else if (word === "remove") {
        this.peers.delete(key);
        index -= 1;
      } else if (word === "peer") key = value;
      else {
        const peer = this.peers.get(key) ?? { endpoint: "(none)", allowedIps: "(none)", keepalive: "off" };
        const name = { endpoint: "endpoint", "allowed-ips": "allowedIps", "persistent-keepalive": "keepalive" }[word];
        this.peers.set(key, { ...peer, [name ?? word]: value });
      }
    }
    return {};
  }

  #dump(): string {
    const own = ["PRIVATE-KEY-OF-A-TEST", this.publicKey ?? "(none)", "51820", "off"];
    const peers = [...this.peers].map(([key, { endpoint, allowedIps, keepalive }]) =>
      [key, "(none)", endpoint, allowedIps, "0", "0", "148", keepalive].join("\t"),
    );
    return `${[own.join("\t"), ...peers].join("\n")}\n`;
  }

  #iptables(chains: Map<string, string[]>, [verb, chain = "", ...rest]: readonly string[]) {
    const rules = chains.get(chain);
    if (verb === "--new-chain") chains.set(chain, []);
    else if (rules === undefined) return { exitCode: 1, stderr: "iptables: No chain/target/match by that name." };
    else if (verb === "--list-rules")
      return { stdout: [`-N ${chain}`, ...rules.map((rule) => `-A ${chain} ${rule}`), ""].join("\n") };
    else if (verb === "--delete-chain") chains.delete(chain);
    else return this.#rule(verb, rules, rest.join(" ").replace("--jump", "-j"));
    return {};
  }

  #rule(verb: string | undefined, rules: string[], rule: string) {
    if (verb === "--check") return { exitCode: rules.includes(rule) ? 0 : 1 };
    if (verb === "--append") rules.push(rule);
    else if (verb === "--insert") rules.unshift(rule.replace(/^1 /, ""));
    else rules.splice(rules.indexOf(rule), 1);
    return {};
  }

  #systemdRun(args: readonly string[]) {
    if (!this.hasWireguardGo)
      return { exitCode: 1, stderr: "Failed to find executable wireguard-go: No such file or directory" };
    this.unit = args;
    this.addLink();
    return {};
  }

  #systemctl(verb: string | undefined) {
    if (verb === "is-active")
      return this.unit === undefined ? { exitCode: 3, stdout: "inactive\n" } : { stdout: "active\n" };
    if (verb === "restart") this.addLink();
    if (verb === "stop") {
      this.unit = undefined;
      this.removeLink();
    }
    return {};
  }
}
