// Four network namespaces: a gateway, a host of its VPC, and two satellites whose tunnels lead to it. The gateway's own code runs in the first.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { GatewayDevice } from "../../../agent/gateway/gateway-device.ts";
import { KnownEndpoints } from "../../../agent/gateway/peers/known-endpoints.ts";
import type { Host, RunOptions } from "../../../agent/host/host.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { Secret } from "../../../agent/secret.ts";
import { publicKeyOf } from "../../../agent/tunnel/wireguard-key.ts";
import { createMemoryLog } from "../../fakes/memory-log.ts";
import type { Programs } from "../../network/real/programs.ts";

export const GATEWAY = "10.20.1.5";
export const VPC_HOST = "10.20.1.10";
export const SATELLITES = { a: "10.250.0.11", b: "10.250.0.12" } as const;
/** Of every EC2 instance. */
export const METADATA = "169.254.169.254";
type Satellite = keyof typeof SATELLITES;
export type Way = "gateway" | "other";
/** The VPC's host, and the satellite. */
const OTHER_WAY = ["10.99.0.1", "10.99.0.2"] as const;
type Place = "gw" | "vpc" | Satellite;
/** The VPC's jumbo frames. */
const JUMBO = "9001";
/** What a network namespace has for itself. */
const KERNEL_SETTINGS = "/proc/sys/net/";
const PACKETS = join(import.meta.dirname, "packets.ts");
const run = promisify(execFile);

const WIREGUARD_START_MS = 30_000;

export class PeersLab {
  readonly device: GatewayDevice;
  readonly endpoints: KnownEndpoints;
  /** Command lines that the gateway ran. */
  readonly commands: string[] = [];
  /** The gateway's machine, and where it keeps its files. */
  readonly host: Host;
  readonly folder = mkdtempSync(join(tmpdir(), "es-gateway-"));
  readonly #programs: Programs;
  readonly #children: ChildProcess[] = [];
  readonly #privateKeys: Readonly<Record<"gw" | Satellite, string>>;
  #mounts = 0;

  constructor(programs: Programs) {
    this.#programs = programs;
    const make = () => execFileSync(programs.wg, ["genkey"], { encoding: "utf8" }).trim();
    this.#privateKeys = { gw: make(), a: make(), b: make() };
    const privateKey = new Secret(this.#privateKeys.gw);
    const keys = { privateKey, publicKey: publicKeyOf(privateKey) };
    this.host = this.#gatewayHost();
    const { host } = this;
    this.endpoints = new KnownEndpoints({
      host,
      log: createMemoryLog().log,
      file: join(this.folder, "endpoints.json"),
    });
    const config = { userspace: "allow", mtu: 1420, runFolder: this.folder } as const;
    this.device = new GatewayDevice(host, config, { keys, endpoints: this.endpoints });
  }

  /** The gateway's, as a file of it has it. */
  get privateKey(): string {
    return `${this.#privateKeys.gw}\n`;
  }

  publicKey(satellite: Satellite): string {
    return publicKeyOf(new Secret(this.#privateKeys[satellite]));
  }

  async up(): Promise<void> {
    // wg finds wireguard-go below /var/run, which a network namespace does not separate.
    const private_ = "mkdir -p /var/run/wireguard && mount -t tmpfs tmpfs /var/run/wireguard && exec sleep infinity";
    const holder = spawn("unshare", ["--mount", "sh", "-c", private_], { stdio: "ignore" });
    this.#children.push(holder);
    await once(holder, "spawn");
    this.#mounts = holder.pid ?? 0;
    await sleep(300);
    for (const place of ["gw", "vpc", "a", "b"] as const) {
      await run("ip", ["netns", "add", this.#name(place)]);
      await this.in(place, "ip link set lo up");
    }
    await this.#wire("vpc", `${VPC_HOST}/24`, "vpc0", `${GATEWAY}/24`);
    await this.in("vpc", `ip link set eth0 mtu ${JUMBO}`, `ip route add 10.250.0.0/24 via ${GATEWAY}`);
    await this.in("gw", `ip link set vpc0 mtu ${JUMBO}`, `ip addr add ${METADATA}/32 dev lo`);
    await this.#startSatellite("a", "192.0.2.2/30", "192.0.2.1");
    await this.#startSatellite("b", "192.0.2.6/30", "192.0.2.5");
    this.#spawn("vpc", [process.execPath, PACKETS, "echo", VPC_HOST]);
    this.#spawn("a", [process.execPath, PACKETS, "echo", SATELLITES.a]);
    await sleep(1000);
  }

  async down(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const place of ["gw", "vpc", "a", "b"] as const)
      await run("ip", ["netns", "delete", this.#name(place)]).catch(() => undefined); // It was never made.
    rmSync(this.folder, { recursive: true });
  }

  /** Runs command lines in a place; the last one's output. */
  async in(place: Place, ...lines: readonly string[]): Promise<string> {
    let output = "";
    for (const line of lines) output = (await run(...this.#inside(place, line.split(" ")))).stdout;
    return output;
  }

  /** How many packets came back of so many that were sent, one every so many milliseconds. */
  async packets(
    place: Place,
    to: string,
    options: { readonly count: number; readonly everyMs?: number; readonly from: string },
  ): Promise<number> {
    const { count, everyMs = 50, from } = options;
    const words = [process.execPath, PACKETS, "count", from, to, String(count), String(everyMs)];
    return Number((await run(...this.#inside(place, words))).stdout);
  }

  /** How a TCP connection ends, and after how long. */
  async connect(place: Place, address: string, port: number): Promise<{ readonly reach: string; readonly ms: number }> {
    const code = `import("${join(import.meta.dirname, "../../../agent/host/reach/tcp.ts")}").then(async ({ reachTcp }) => console.log(await reachTcp("${address}", ${port}, 2)))`;
    const startedMs = performance.now();
    const { stdout } = await run(...this.#inside(place, [process.execPath, "--eval", code]));
    return { reach: stdout.trim(), ms: performance.now() - startedMs };
  }

  /**
   * How many blocks came over one connection of a host of the VPC to a satellite: those that it sent there and got back, each when
   * the one before was back, or those that the satellite sends by itself.
   */
  async converse(
    mode: "talk" | "hear",
    satellite: Satellite,
    { blocks, everyMs, bytes }: { readonly blocks: number; readonly everyMs: number; readonly bytes: number },
  ): Promise<number> {
    const words = [PACKETS, mode, SATELLITES[satellite], ...[blocks, everyMs, bytes].map(String)];
    return Number((await run(...this.#inside("vpc", [process.execPath, ...words]))).stdout);
  }

  /** Makes another way between the VPC's host and a satellite, as by another gateway; {@link lead} leads packets there. */
  async addOtherWay(satellite: Satellite): Promise<void> {
    const peer = ["peer", "name", "other", "netns", this.#name(satellite)];
    await run("ip", ["link", "add", "other", "netns", this.#name("vpc"), "type", "veth", ...peer]);
    for (const place of ["vpc", satellite] as const) {
      await this.in(
        place,
        `ip addr add ${OTHER_WAY[place === "vpc" ? 0 : 1]}/30 dev other`,
        "ip link set other mtu 1420 up",
      );
      const filters = ["all", "other"].map((device) => `/proc/sys/net/ipv4/conf/${device}/rp_filter`);
      await run(...this.#inside(place, ["sh", "-ec", filters.map((path) => `echo 0 > ${path}`).join("\n")]));
    }
  }

  /** Leads what passes between the VPC's host and a satellite by this gateway or by the other way, each direction for itself. */
  async lead(satellite: Satellite, { there, back }: { readonly there: Way; readonly back: Way }): Promise<void> {
    const via = there === "other" ? OTHER_WAY[1] : GATEWAY;
    await this.in("vpc", `ip route replace ${SATELLITES[satellite]}/32 via ${via} src ${VPC_HOST}`);
    const device = back === "other" ? `via ${OTHER_WAY[0]} dev other` : `dev essat${satellite}`;
    await this.in(satellite, `ip route replace ${VPC_HOST}/32 ${device} src ${SATELLITES[satellite]}`);
  }

  /** Listens on an address and ports in a place, until the end. */
  async listen(place: Place, address: string, ...ports: readonly number[]): Promise<void> {
    const code = `for (const port of ${JSON.stringify(ports)}) require("node:net").createServer((socket) => socket.on("error", () => {})).listen(port, "${address}")`;
    this.#spawn(place, [process.execPath, "--eval", code]);
    await sleep(500);
  }

  async #startSatellite(satellite: Satellite, own: string, endpoint: string): Promise<void> {
    const name = `essat${satellite}`;
    await this.#wire(satellite, own, `to-${satellite}`, `${endpoint}/30`);
    const gatewayKey = publicKeyOf(new Secret(this.#privateKeys.gw));
    const file = join(this.folder, `${name}.conf`);
    const peer = `[Peer]\nPublicKey = ${gatewayKey}\nEndpoint = ${endpoint}:51820\nAllowedIPs = 0.0.0.0/0\nPersistentKeepalive = 5\n`;
    writeFileSync(file, `[Interface]\nPrivateKey = ${this.#privateKeys[satellite]}\n${peer}`, { mode: 0o600 });
    this.#spawn(satellite, [this.#programs.wireguardGo, "-f", name]);
    await this.#untilMade(satellite, name);
    await this.in(satellite, `${this.#programs.wg} setconf ${name} ${file}`, `ip link set ${name} mtu 1420 up`);
    const address = SATELLITES[satellite];
    await this.in(satellite, `ip addr add ${address}/32 dev lo`);
    for (const network of ["10.20.0.0/16", "10.250.0.0/24", METADATA])
      await this.in(satellite, `ip route add ${network} dev ${name} src ${address}`);
  }

  async #untilMade(place: Place, name: string): Promise<void> {
    const endMs = Date.now() + WIREGUARD_START_MS;
    for (;;)
      try {
        await this.in(place, `${this.#programs.wg} show ${name} dump`);
        return;
      } catch (error) {
        if (Date.now() > endMs) throw error;
        await sleep(50);
      }
  }

  /** The real machine within the gateway's namespace; wireguard-go is this process's child, where no systemd runs. */
  #gatewayHost(): Host {
    const real = createLinuxHost();
    const inside = (words: readonly string[], options?: RunOptions) => real.run(...this.#inside("gw", words), options);
    const files: Host["files"] = {
      ...real.files,
      read: async (path) =>
        path.startsWith(KERNEL_SETTINGS) ? (await inside(["cat", path])).stdout : real.files.read(path),
      writeInPlace: async (path, content) => void (await inside(["sh", "-c", `echo ${content} > ${path}`])),
    };
    return {
      ...real,
      files,
      run: async (command, args, options) => {
        this.commands.push([command, ...args].join(" "));
        const done = { exitCode: 0, stdout: "", stderr: "" };
        if (command === "systemctl") return done;
        if (command !== "systemd-run")
          return inside([command === "wg" ? this.#programs.wg : command, ...args], options);
        this.#spawn("gw", [this.#programs.wireguardGo, "-f", args.at(-1) ?? ""]);
        return done;
      },
    };
  }

  #spawn(place: Place, words: readonly string[]): void {
    const [command, args] = this.#inside(place, words);
    this.#children.push(spawn(command, args, { stdio: "ignore", env: { ...process.env, LOG_LEVEL: "error" } }));
  }

  async #wire(place: Place, address: string, gatewayLink: string, gatewayAddress: string): Promise<void> {
    const peer = ["peer", "name", gatewayLink, "netns", this.#name("gw")];
    await run("ip", ["link", "add", "eth0", "netns", this.#name(place), "type", "veth", ...peer]);
    await this.in(place, `ip addr add ${address} dev eth0`, "ip link set eth0 up");
    await this.in("gw", `ip addr add ${gatewayAddress} dev ${gatewayLink}`, `ip link set ${gatewayLink} up`);
  }

  #inside(place: Place, words: readonly string[]): [string, string[]] {
    return ["nsenter", [`--net=/run/netns/${this.#name(place)}`, `--mount=/proc/${this.#mounts}/ns/mnt`, ...words]];
  }

  #name(place: Place): string {
    return `esg-${process.pid}-${place}`;
  }
}
