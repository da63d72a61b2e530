// A gateway's machine in memory: its interface, routes and chains, as ip, wg and iptables show and change them.
import type { MemoryHost } from "./memory-host.ts";

export class MemoryGatewayMachine {
  /** Whether the kernel has WireGuard. */
  hasKernelModule = true;
  /** Undefined while there is no interface. */
  interface: { mtu: number; isUp: boolean; publicKey: string; listenPort: number } | undefined;
  /** Allowed addresses by key. */
  readonly peers = new Map<string, string>();
  readonly handshakes = new Map<string, number>();
  /** Where peers are, by key. */
  readonly endpoints = new Map<string, string>();
  readonly keepalives = new Map<string, string>();
  /** Source by destination. */
  readonly routes = new Map<string, string>();
  readonly jumps = new Set<string>();
  rules = "";
  /** Public keys by private key: the file of syncconf has the private one. */
  publicKeyOf: (privateKey: string) => string = () => "";
  readonly #host: MemoryHost;

  constructor(host: MemoryHost) {
    this.#host = host;
    host.files.put("/proc/sys/net/ipv4/ip_forward", "0\n");
    host.install("ip", (args, input) => {
      if (!args.includes("-batch")) return this.#ip(args.filter((arg) => !arg.startsWith("-")));
      for (const line of input?.trimEnd().split("\n") ?? []) this.#ip(line.split(" "));
      return {};
    });
    host.install("wg", (args) => this.#wg(args));
    host.install("iptables", (args) => this.#iptables(args));
    host.install("iptables-restore", async (args) => {
      this.rules = (await host.files.read(args.at(-1) ?? "")) ?? "";
      return {};
    });
    host.install("systemd-notify", () => ({}));
  }

  /** Command lines that change something. */
  get writes(): readonly string[] {
    return this.#host.commands.filter((line) => !/ (?:show|-S|-C) /.test(line) && !line.startsWith("systemd-notify"));
  }

  #ip(args: readonly string[]) {
    const [object, verb = "", ...rest] = args;
    const device = this.interface;
    if (object === "link" && verb === "add") {
      if (!this.hasKernelModule) return { exitCode: 2, stderr: "Error: Unknown device type.\n" };
      this.interface = { mtu: 1420, isUp: false, publicKey: "(none)", listenPort: 0 };
      return {};
    }
    if (device === undefined) return { exitCode: 1, stderr: 'Device "esgw0" does not exist.\n' };
    if (object === "link" && verb === "show")
      return { stdout: JSON.stringify([{ mtu: device.mtu, flags: device.isUp ? ["UP"] : [] }]) };
    if (object === "link") Object.assign(device, { mtu: Number(rest[rest.indexOf("mtu") + 1]), isUp: true });
    else if (verb === "show")
      return { stdout: JSON.stringify([...this.routes].map(([dst, prefsrc]) => ({ dst, prefsrc }))) };
    else if (verb === "replace") this.routes.set(rest[0] ?? "", rest.at(-1) ?? "");
    else this.routes.delete(rest[0] ?? "");
    return {};
  }

  async #wg([verb, , file = "", ...more]: readonly string[]) {
    const device = this.interface;
    if (device === undefined) return { exitCode: 1, stderr: "No such device\n" };
    if (verb === "syncconf") {
      this.#sync((await this.#host.files.read(file)) ?? "");
      return {};
    }
    if (verb === "set") {
      this.#set([file, ...more]);
      return {};
    }
    const peers = [...this.peers].map(([key, allowed]) =>
      [
        ...[key, "(none)", this.endpoints.get(key) ?? "(none)", allowed || "(none)", this.handshakes.get(key) ?? 0],
        ...[92, 4608, this.keepalives.get(key) ?? "off"],
      ].join("\t"),
    );
    return { stdout: [`secret\t${device.publicKey}\t${device.listenPort}\toff`, ...peers, ""].join("\n") };
  }

  #sync(text: string): void {
    const device = this.interface;
    if (device === undefined) return;
    device.publicKey = this.publicKeyOf(/PrivateKey = (.*)/.exec(text)?.[1] ?? "");
    device.listenPort = Number(/ListenPort = (.*)/.exec(text)?.[1]);
    this.peers.clear();
    for (const [, key = "", allowed = "", more = ""] of text.matchAll(
      /PublicKey = (.*)\n(?:AllowedIPs = (.*)\n)?((?:\w.*\n)*)/g,
    )) {
      this.peers.set(key, allowed.replaceAll(" ", ""));
      const endpoint = /Endpoint = (.*)/.exec(more)?.[1];
      const keepalive = /PersistentKeepalive = (.*)/.exec(more)?.[1];
      if (endpoint !== undefined) this.endpoints.set(key, endpoint);
      if (keepalive !== undefined) this.keepalives.set(key, keepalive);
    }
  }

  /** The instance was restarted: its state folder is what is left. */
  restart(): void {
    this.interface = undefined;
    for (const map of [this.peers, this.endpoints, this.keepalives, this.handshakes, this.routes]) map.clear();
  }

  #set(args: readonly string[]): void {
    let key = "";
    for (const [index, word] of args.entries()) {
      const value = args[index + 1] ?? "";
      if (word === "peer") key = value;
      if (word === "remove") this.peers.delete(key);
      if (word === "endpoint") this.endpoints.set(key, value);
      if (word === "persistent-keepalive") this.keepalives.set(key, value);
      if (word === "allowed-ips") this.peers.set(key, value);
    }
  }

  #iptables(args: readonly string[]) {
    if (args.includes("-S")) return { stdout: this.rules };
    const place = `${args[1]} ${args.at(-1)}`;
    if (args.includes("-C")) return { exitCode: this.jumps.has(place) ? 0 : 1 };
    this.jumps.add(place);
    return {};
  }
}
