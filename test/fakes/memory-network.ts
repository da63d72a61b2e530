// ip, wg and iptables of a machine in memory: what they set is there, and they print it as the real ones do.
import { rpFilterPath } from "../../agent/apply/tunnel/tunnel-state.ts";
import { Secret } from "../../agent/secret.ts";
import { WIREGUARD_UNIT } from "../../agent/tunnel/names.ts";
import { publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import type { MemoryHost } from "./memory-host.ts";
import { askIptables } from "./memory-iptables.ts";

interface Peer {
  endpoint: string;
  allowedIps: string;
  keepalive: string;
}

const NO_DEVICE = { exitCode: 1, stderr: "Cannot find device" };

/** What belongs to one interface, and goes with it. */
class Link {
  readonly peers = new Map<string, Peer>();
  /** Destination and source. */
  readonly routes = new Map<string, string | undefined>();
  readonly addresses = new Set<string>();
  state: { mtu: number; isUp: boolean } | undefined;
  publicKey: string | undefined;
}

/** Installs the three programs, systemctl's unit of wireguard-go, and what they know. */
export class MemoryNetwork {
  readonly host: MemoryHost;
  /** With its length and label, on `lo`. */
  readonly addresses = new Map<string, string>();
  /** The first interface, es0. */
  readonly first = new Link();
  /** The one of a second gateway, es1. */
  readonly second = new Link();
  /** Networks of the agent's that lead nowhere. */
  readonly unreachable = new Set<string>();
  /** By chain of the table filter. */
  readonly chains = new Map<string, string[]>([
    ["INPUT", ["-j ufw-before-input"]],
    ["FORWARD", ["-j DOCKER-USER"]],
  ]);
  /** By chain of the table nat. */
  readonly natChains = new Map<string, string[]>([["POSTROUTING", ["-j KUBE-POSTROUTING"]]]);
  kernelHasWireguard = true;
  hasWireguardGo = true;
  /** The arguments of the last systemd-run. */
  unit: readonly string[] | undefined;
  /** The same for es1. */
  secondUnit: readonly string[] | undefined;

  constructor(host: MemoryHost) {
    this.host = host;
    host.install("ip", (args, input) => {
      if (!args.includes("-batch")) return this.#ip(args.filter((arg) => !["-json", "-4", "-6"].includes(arg)));
      for (const line of input?.trimEnd().split("\n") ?? []) this.#ip(line.split(" "));
      return {};
    });
    host.install("wg", (args) => this.#wg(args));
    host.install("iptables", (args) => askIptables(args[3] === "nat" ? this.natChains : this.chains, args.slice(4)));
    const others = host.installed("systemctl");
    host.install("systemctl", (args) =>
      args.some((arg) => arg.includes(WIREGUARD_UNIT))
        ? this.#systemctl(args[0], args.some((arg) => arg.includes("es1")) ? "es1" : "es0")
        : (others?.(args) ?? {}),
    );
    host.install("systemd-run", (args) => this.#systemdRun(args));
  }

  /** Commands that change anything, without those that only ask. */
  get changes(): readonly string[] {
    return this.host.commands.filter(
      (line) => !/ show\b|--list-rules|--check|is-active|reset-failed|^dpkg|^containerd|^systemctl/.test(line),
    );
  }

  get link() {
    return this.first.state;
  }

  get peers() {
    return this.first.peers;
  }

  get routes() {
    return this.first.routes;
  }

  get publicKey() {
    return this.first.publicKey;
  }

  addLink(name = "es0"): void {
    this.#linkOf(name).state = { mtu: 1500, isUp: false };
    this.#writeLinks();
  }

  /** As after `ip link delete`, or the end of wireguard-go: keys, peers and routes go with it. */
  removeLink(name = "es0"): void {
    const link = this.#linkOf(name);
    link.state = undefined;
    link.publicKey = undefined;
    link.peers.clear();
    link.routes.clear();
    link.addresses.clear();
    this.host.files.drop(rpFilterPath(name));
    this.#writeLinks();
  }

  setMtu(mtu: number): void {
    if (this.link !== undefined) this.link.mtu = mtu;
  }

  #linkOf(name: string | undefined): Link {
    return name === "es1" ? this.second : this.first;
  }

  #names(): readonly string[] {
    return ["es0", "es1"].filter((name) => this.#linkOf(name).state !== undefined);
  }

  #writeLinks(): void {
    const { files } = this.host;
    const names = this.#names();
    if (names.length === 0) files.drop("/proc/net/dev");
    else files.put("/proc/net/dev", names.map((name) => ` ${name}: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n`).join(""));
    for (const path of names.map(rpFilterPath)) if (files.peek(path) === undefined) files.put(path, "1\n");
  }

  #ip([object, verb, ...rest]: readonly string[]) {
    const name = rest[rest.indexOf("dev") + 1];
    const link = this.#linkOf(name);
    if (object === "address" && name !== "lo" && name !== undefined && verb !== "show") {
      if (verb === "delete") link.addresses.delete(rest[0] ?? "");
      else link.addresses.add(rest[0] ?? "");
      return {};
    }
    if (object === "address") return this.#address(verb, rest);
    if (object === "route") return this.#route(verb, rest, link);
    if (verb === "show") return link.state === undefined ? NO_DEVICE : {};
    if (verb === "add") {
      if (!this.kernelHasWireguard) return { exitCode: 2, stderr: "Error: Unknown device type." };
      this.addLink(name);
    } else if (verb === "delete") this.removeLink(name);
    else if (link.state === undefined) return NO_DEVICE;
    else link.state = { mtu: Number(rest[rest.indexOf("mtu") + 1]), isUp: rest.includes("up") };
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
    const links = this.#names().map((name) => {
      const { mtu, isUp } = this.#linkOf(name).state ?? {};
      const addr_info = [...this.#linkOf(name).addresses].map((text) => {
        const [local, length] = text.split("/");
        return { local, prefixlen: Number(length), label: name };
      });
      return { ifname: name, mtu, flags: isUp ? ["NOARP", "UP"] : ["NOARP"], addr_info };
    });
    return { stdout: JSON.stringify([lo, ...links]) };
  }

  /** A route of one destination is replaced on whichever interface it was. */
  #route(verb: string | undefined, rest: readonly string[], link: Link) {
    const [destination = ""] = rest;
    if (rest.includes("unreachable")) return this.#unreachable(verb, rest);
    const source = rest.includes("src") ? rest[rest.indexOf("src") + 1] : undefined;
    if (destination === "default") return { stdout: JSON.stringify([{ dst: "default", dev: "eth0" }]) };
    if (link.state === undefined) return NO_DEVICE;
    if (verb === "replace") {
      for (const each of [this.first, this.second]) each.routes.delete(destination);
      link.routes.set(destination, source);
    } else if (verb === "delete") link.routes.delete(destination);
    const routes = [...link.routes].map(([dst, prefsrc]) => ({
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

  #wg([verb, name, ...rest]: readonly string[]) {
    const link = this.#linkOf(name);
    if (link.state === undefined) return { exitCode: 1, stderr: "Unable to access interface: No such device" };
    if (verb === "show") return { stdout: rest[0] === "peers" ? [...link.peers.keys()].join("\n") : dumpOf(link) };
    let key = "";
    for (let index = 0; index < rest.length; index += 2) {
      const [word = "", value = ""] = rest.slice(index, index + 2);
      if (word === "private-key") link.publicKey = publicKeyOf(new Secret(this.host.files.peek(value)?.content ?? ""));
      else if (word === "remove") {
        link.peers.delete(key);
        index -= 1;
      } else if (word === "peer") key = value;
      else {
        const peer = link.peers.get(key) ?? { endpoint: "(none)", allowedIps: "(none)", keepalive: "off" };
        const name = { endpoint: "endpoint", "allowed-ips": "allowedIps", "persistent-keepalive": "keepalive" }[word];
        link.peers.set(key, { ...peer, [name ?? word]: value });
      }
    }
    return {};
  }

  #systemdRun(args: readonly string[]) {
    if (!this.hasWireguardGo)
      return { exitCode: 1, stderr: "Failed to find executable wireguard-go: No such file or directory" };
    const name = args.at(-1);
    if (name === "es1") this.secondUnit = args;
    else this.unit = args;
    this.addLink(name);
    return {};
  }

  #systemctl(verb: string | undefined, name: string) {
    const unit = name === "es1" ? this.secondUnit : this.unit;
    if (verb === "is-active")
      return unit === undefined ? { exitCode: 3, stdout: "inactive\n" } : { stdout: "active\n" };
    if (verb === "restart") this.addLink(name);
    if (verb === "stop") {
      if (name === "es1") this.secondUnit = undefined;
      else this.unit = undefined;
      this.removeLink(name);
    }
    return {};
  }
}

function dumpOf({ publicKey, peers: known }: Link): string {
  const own = ["PRIVATE-KEY-OF-A-TEST", publicKey ?? "(none)", "51820", "off"];
  const peers = [...known].map(([key, { endpoint, allowedIps, keepalive }]) =>
    [key, "(none)", endpoint, allowedIps, "0", "0", "148", keepalive].join("\t"),
  );
  return `${[own.join("\t"), ...peers].join("\n")}\n`;
}
