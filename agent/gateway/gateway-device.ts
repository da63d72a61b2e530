// The machine's side of a gateway: the interface with its peers, the routes to it, forwarding. Each round writes only what differs.
import * as z from "zod";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";
import { GATEWAY_INTERFACE, WIREGUARD_PORT } from "../tunnel/names.ts";
import { renderWireguardConfig, type SeenWireguard, type WireguardPeer } from "../tunnel/wireguard-config.ts";
import { ensureWireguardDevice, readWireguard, syncWireguard } from "../tunnel/wireguard-device.ts";
import type { WireguardKeys } from "../tunnel/wireguard-key.ts";
import type { ForwardPolicy } from "./forward-rules.ts";
import { GatewayFirewall } from "./gateway-firewall.ts";
import type { GatewayConfig } from "./gateway-schema.ts";
import type { KnownEndpoints } from "./peers/known-endpoints.ts";
import { planPeerChanges } from "./peers/peer-changes.ts";
import type { PeerRoute } from "./peers/peer-routes.ts";
import { planRouteChanges } from "./peers/route-changes.ts";
import { wg } from "./rotation/peer-switch.ts";

/** The service of wireguard-go, where the kernel has no WireGuard. */
const USERSPACE_UNIT = "eks-satellite-gateway-wireguard";
const IP_FORWARD = "/proc/sys/net/ipv4/ip_forward";
const TIMEOUT_SECONDS = 15;

const linksSchema = z.array(z.object({ mtu: z.number(), flags: z.array(z.string()) }));
const routesSchema = z.array(
  z.object({
    dst: z.string(),
    prefsrc: z.string().optional(),
    metrics: z.array(z.object({ mtu: z.number().optional() })).optional(),
  }),
);

export interface WantedDevice {
  readonly peers: readonly WireguardPeer[];
  /** Networks that lead to the interface. */
  readonly routes: readonly PeerRoute[];
  readonly policy: ForwardPolicy;
}

export class GatewayDevice {
  readonly #host: Host;
  readonly #keys: WireguardKeys;
  readonly #config: Pick<GatewayConfig, "userspace" | "mtu" | "runFolder">;
  readonly #firewall: GatewayFirewall;
  readonly #endpoints: KnownEndpoints;

  constructor(
    host: Host,
    config: Pick<GatewayConfig, "userspace" | "mtu" | "runFolder">,
    { keys, endpoints }: { readonly keys: WireguardKeys; readonly endpoints: KnownEndpoints },
  ) {
    this.#host = host;
    this.#endpoints = endpoints;
    this.#config = config;
    this.#keys = keys;
    this.#firewall = new GatewayFirewall(host, `${config.runFolder}/iptables.rules`);
  }

  /** Makes the machine what is wanted, and names what was written. @throws kernel-lacks-wireguard, tools-missing, wireguard-failed, firewall-failed, route-failed */
  async apply({ peers, routes, policy }: WantedDevice): Promise<readonly string[]> {
    const { userspace } = this.#config;
    // Before the first peer can send anything.
    const isRuled = await this.#firewall.apply(policy);
    const isMade = await ensureWireguardDevice(this.#host, {
      name: GATEWAY_INTERFACE,
      userspace,
      unit: USERSPACE_UNIT,
    });
    const isSynced = await this.#applyPeers(peers);
    const isSet = await this.#applyLink();
    const isRouted = await this.#applyRoutes(routes, policy.address);
    const isForwarding = await this.#applyForwarding();
    return [
      ...(isRuled ? ["rules"] : []),
      ...(isMade ? ["interface"] : []),
      ...(isSynced ? ["peers"] : []),
      ...(isSet ? ["link"] : []),
      ...(isRouted ? ["routes"] : []),
      ...(isForwarding ? ["ip_forward"] : []),
    ];
  }

  /** What the interface has now. */
  read(): Promise<SeenWireguard> {
    return readWireguard(this.#host, GATEWAY_INTERFACE);
  }

  async #applyPeers(peers: readonly WireguardPeer[]): Promise<boolean> {
    const seen = await this.read();
    await this.#endpoints.note(seen, peers);
    const located = peers.map((peer) => this.#endpoints.locate(peer, seen));
    const isOwn = seen.publicKey === this.#keys.publicKey && seen.listenPort === WIREGUARD_PORT;
    const changes = isOwn ? planPeerChanges(seen, located) : undefined;
    if (changes === undefined) return this.#replacePeers(located);
    if (changes.length > 0) await wg(this.#host, changes);
    return changes.length > 0;
  }

  /** The key and the port of an interface that is new, or more changes than a command line takes. */
  async #replacePeers(peers: readonly WireguardPeer[]): Promise<boolean> {
    const { privateKey } = this.#keys;
    const file = `${this.#config.runFolder}/${GATEWAY_INTERFACE}.conf`;
    const text = renderWireguardConfig({ privateKey, listenPort: WIREGUARD_PORT, peers });
    await this.#host.files.write(file, text, { mode: 0o600 });
    await syncWireguard(this.#host, GATEWAY_INTERFACE, file).finally(() => this.#host.files.remove(file));
    return true;
  }

  async #applyLink(): Promise<boolean> {
    const [link] = await this.#ip(["link", "show", "dev", GATEWAY_INTERFACE], linksSchema);
    const { mtu } = this.#config;
    if (link?.mtu === mtu && link.flags.includes("UP")) return false;
    await this.#ip(["link", "set", "dev", GATEWAY_INTERFACE, "mtu", String(mtu), "up"]);
    return true;
  }

  /** The source is named: the kernel would choose one of another interface, and a satellite takes packets of the VPC alone. */
  async #applyRoutes(routes: readonly PeerRoute[], source: string): Promise<boolean> {
    const seen = await this.#ip(["-4", "route", "show", "dev", GATEWAY_INTERFACE], routesSchema);
    const lines = planRouteChanges(seen, routes, { device: GATEWAY_INTERFACE, source });
    if (lines.length > 0) await this.#ip(["-batch", "-"], undefined, `${lines.join("\n")}\n`);
    return lines.length > 0;
  }

  async #applyForwarding(): Promise<boolean> {
    if ((await this.#host.files.read(IP_FORWARD))?.trim() === "1") return false;
    await this.#host.files.writeInPlace(IP_FORWARD, "1");
    return true;
  }

  async #ip(args: readonly string[]): Promise<void>;
  async #ip<T>(args: readonly string[], schema: z.ZodType<T>): Promise<T>;
  async #ip(args: readonly string[], schema: undefined, input: string): Promise<void>;
  async #ip<T>(args: readonly string[], schema?: z.ZodType<T>, input?: string): Promise<T | undefined> {
    const options = { timeoutSeconds: TIMEOUT_SECONDS, ...optional({ input }) };
    const { exitCode, stdout, stderr } = await this.#host.run("ip", ["-json", ...args], options);
    if (exitCode === 0) return schema?.parse(JSON.parse(stdout || "[]"));
    throw new SatelliteError("route-failed", `ip ${args.join(" ")} failed: ${stderr.trim().slice(0, 300)}`, {
      hint: "The gateway's address must be one of this machine's: ip address.",
    });
  }
}
