// Three network namespaces of this kernel: a satellite behind a NAT, and a gateway with WireGuard on both ends. Faults are one line each.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Programs } from "./programs.ts";

export const GATEWAY_ADDRESS = "10.20.1.5";
export const API_ADDRESS = "10.20.1.10";
export const NODE_ADDRESS = "10.250.0.11";
const ENDPOINT = "203.0.113.5:51820";

type Place = "sat" | "nat" | "gw";

/** What a process of the lab prints, one JSON document a line. */
export interface Reporter {
  readonly lines: readonly Record<string, unknown>[];
  readonly send: (word: string) => void;
}

/** wireguard-go makes its interface, and then the socket that wg asks. */
const WIREGUARD_START_MS = 30_000;

export class Lab {
  readonly #programs: Programs;
  readonly #folder = mkdtempSync(join(tmpdir(), "tunnel-watch-"));
  readonly #children: ChildProcess[] = [];
  #gateway: ChildProcess | undefined;
  readonly satelliteInterface = `esws${process.pid}`;
  readonly #gatewayInterface = `eswg${process.pid}`;
  readonly #keys: { readonly satellite: string; readonly gateway: string };
  readonly gatewayKey: string;

  constructor(programs: Programs) {
    this.#programs = programs;
    const make = () => execFileSync(programs.wg, ["genkey"], { encoding: "utf8" }).trim();
    this.#keys = { satellite: make(), gateway: make() };
    this.gatewayKey = this.#publicKey(this.#keys.gateway);
  }

  async up(): Promise<void> {
    for (const place of ["sat", "nat", "gw"] as const) {
      run("ip", "netns", "add", this.#name(place));
      this.#in(place, "ip link set lo up");
    }
    this.#wire("sat", "eth0", "nat", "lan0");
    this.#wire("nat", "wan0", "gw", "pub0");
    this.#in("sat", "ip addr add 192.168.50.20/24 dev eth0", "ip route add default via 192.168.50.1");
    this.#in("nat", "ip addr add 192.168.50.1/24 dev lan0", "ip addr add 203.0.113.10/24 dev wan0");
    this.#in("nat", "sysctl -qw net.ipv4.ip_forward=1", "iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE");
    this.#in("nat", "iptables -P FORWARD DROP", "iptables -A FORWARD -i lan0 -j ACCEPT");
    this.#in("nat", "iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT");
    this.#in("gw", "ip addr add 203.0.113.5/24 dev pub0", `ip addr add ${GATEWAY_ADDRESS}/32 dev lo`);
    this.#in("gw", `ip addr add ${API_ADDRESS}/32 dev lo`);
    await this.startGateway();
    await this.#startWireguard("sat", this.satelliteInterface, this.#satelliteConfig());
    this.#in("sat", `ip addr add ${NODE_ADDRESS}/32 dev lo`);
    this.#in("sat", `ip route add 10.20.0.0/16 dev ${this.satelliteInterface} src ${NODE_ADDRESS}`);
  }

  down(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const place of ["sat", "nat", "gw"] as const)
      try {
        run("ip", "netns", "delete", this.#name(place));
      } catch {
        // It was never made.
      }
    rmSync(this.#folder, { recursive: true });
  }

  /** The gateway forgets its sessions, and where the satellite is; returns where it was. */
  async killGateway(): Promise<string> {
    const endpoint = this.#wg("show", this.#gatewayInterface, "endpoints").split("\t")[1] ?? "";
    const gone = this.#gateway === undefined ? undefined : once(this.#gateway, "exit");
    this.#gateway?.kill("SIGKILL");
    await gone;
    rmSync(`/var/run/wireguard/${this.#gatewayInterface}.sock`, { force: true });
    return endpoint;
  }

  /**
   * A gateway that knows from its disk where the satellite was says so with the peer, before the interface is up, as `eks-satellite gateway run`
   * does: WireGuard counts a handshake that it could send nowhere, and begins the next one 5 s later.
   */
  async startGateway(knownEndpoint?: string): Promise<void> {
    const config = `${this.#gatewayConfig()}${knownEndpoint === undefined ? "" : `Endpoint = ${knownEndpoint}\nPersistentKeepalive = 25\n`}`;
    this.#gateway = await this.#startWireguard("gw", this.#gatewayInterface, config);
    this.#in("gw", `ip route add ${NODE_ADDRESS}/32 dev ${this.#gatewayInterface} src ${GATEWAY_ADDRESS}`);
  }

  /** The NAT gets another public address, and forgets what it had under the old one. */
  rebindNat(): void {
    this.#in("nat", "ip addr add 203.0.113.77/24 dev wan0", "ip addr del 203.0.113.10/24 dev wan0");
    this.#in("nat", "ip addr replace 203.0.113.77/24 dev wan0");
  }

  /** The satellite gets another address from its LAN. */
  moveSatellite(): void {
    this.#in("sat", "ip addr add 192.168.50.21/24 dev eth0", "ip addr del 192.168.50.20/24 dev eth0");
    this.#in("sat", "ip addr replace 192.168.50.21/24 dev eth0", "ip route replace default via 192.168.50.1");
  }

  dropUdp(): void {
    this.#in("nat", "iptables -I FORWARD -p udp -j DROP");
  }

  passUdp(): void {
    this.#in("nat", "iptables -D FORWARD -p udp -j DROP");
  }

  /** Starts a program of this folder in a namespace. */
  start(place: Place, file: string, ...args: readonly string[]): Reporter {
    const wgFolder = this.#programs.wg.slice(0, this.#programs.wg.lastIndexOf("/"));
    const child = spawn(
      "ip",
      ["netns", "exec", this.#name(place), process.execPath, join(import.meta.dirname, file), ...args],
      { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, PATH: `${process.env.PATH}:${wgFolder}` } },
    );
    this.#children.push(child);
    const lines: Record<string, unknown>[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
    return { lines, send: (word) => void child.stdin.write(`${word}\n`) };
  }

  #satelliteConfig(): string {
    return `[Interface]\nPrivateKey = ${this.#keys.satellite}\n[Peer]\nPublicKey = ${this.gatewayKey}\nEndpoint = ${ENDPOINT}\nAllowedIPs = 10.20.0.0/16\nPersistentKeepalive = 15\n`;
  }

  #gatewayConfig(): string {
    return `[Interface]\nPrivateKey = ${this.#keys.gateway}\nListenPort = 51820\n[Peer]\nPublicKey = ${this.#publicKey(this.#keys.satellite)}\nAllowedIPs = ${NODE_ADDRESS}/32\n`;
  }

  async #startWireguard(place: Place, name: string, config: string): Promise<ChildProcess> {
    const file = join(this.#folder, `${name}.conf`);
    writeFileSync(file, config, { mode: 0o600 });
    const child = spawn("ip", ["netns", "exec", this.#name(place), this.#programs.wireguardGo, "-f", name], {
      stdio: "ignore",
      env: { ...process.env, LOG_LEVEL: "error" },
    });
    this.#children.push(child);
    const endMs = Date.now() + WIREGUARD_START_MS;
    for (;;)
      try {
        this.#in(place, `${this.#programs.wg} setconf ${name} ${file}`);
        break;
      } catch (error) {
        if (Date.now() > endMs) throw error;
        await sleep(20);
      }
    this.#in(place, `ip link set ${name} mtu 1420 up`);
    return child;
  }

  #wire(one: Place, oneLink: string, other: Place, otherLink: string): void {
    const ends = [oneLink, "netns", this.#name(one), "type", "veth", "peer", "name", otherLink, "netns"];
    run("ip", "link", "add", ...ends, this.#name(other));
    this.#in(one, `ip link set ${oneLink} up`);
    this.#in(other, `ip link set ${otherLink} up`);
  }

  /** It asks wireguard-go by a socket, which no namespace separates. */
  #wg(...args: readonly string[]): string {
    return execFileSync(this.#programs.wg, args, { encoding: "utf8" }).trim();
  }

  #in(place: Place, ...commands: readonly string[]): void {
    for (const command of commands) run("ip", "netns", "exec", this.#name(place), ...command.split(" "));
  }

  #name(place: Place): string {
    return `esw-${process.pid}-${place}`;
  }

  #publicKey(privateKey: string): string {
    return execFileSync(this.#programs.wg, ["pubkey"], { input: privateKey, encoding: "utf8" }).trim();
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}
