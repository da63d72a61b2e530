// The tunnel: the address first, since kubelet needs it at its start, then the interface, its key, its peers and its routes.
import type { Host } from "../../host/host.ts";
import {
  renderPeer,
  renderRoute,
  renderTunnel,
  type TunnelPeer,
  type TunnelResource,
} from "../../plan/tunnel/resources.ts";
import { ensureWireguardDevice, wireguardUnit } from "../../tunnel/wireguard-device.ts";
import type { Executor } from "../executor.ts";
import { compareSparingly } from "./glance.ts";
import { requireTool } from "./tool.ts";
import { ADDRESS_LABEL, readTunnelState, renderState, rpFilterPath, type TunnelState } from "./tunnel-state.ts";
import { setUnreachable } from "./unreachable.ts";

/** Loose, also where the machine's default is strict: of an interface's value and that of `all` the larger one counts (ip-sysctl.rst). */
const LOOSE = "2";

/** Keeps the tunnel as planned. */
export const tunnelExecutor: Executor<TunnelResource> = {
  diff({ host, glance }, resource) {
    return compareSparingly(glance, resource, async () => {
      const before = renderState(resource.interface, await readTunnelState(host, resource.interface));
      const after = renderTunnel(resource);
      if (before === after) return undefined;
      return { resource, action: before === undefined ? "create" : "update", before, after };
    });
  },

  readOriginal: async () => ({ kind: "absent" }),

  async apply({ host }, resource) {
    const { interface: name, address, userspace } = resource;
    const before = await readTunnelState(host, name);
    await setAddress(host, `${address}/32`, before.addresses);
    if (before.link === undefined) await ensureWireguardDevice(host, { name, userspace, unit: wireguardUnit(name) });
    const present = before.link === undefined ? await readTunnelState(host, name) : before;
    await setKey(host, resource, present);
    await setPeers(host, resource, present.peers);
    await setLink(host, resource, present);
    await setRoutes(host, resource, present.routes);
    await setUnreachable(host, resource.unreachable ?? []);
  },
};

/** The new one comes before the old one goes. */
async function setAddress(host: Host, wanted: string, present: readonly string[]): Promise<void> {
  const address = (...args: readonly string[]) => requireTool(host, "ip", ["address", ...args, "dev", "lo"]);
  if (!present.includes(wanted)) await address("replace", wanted, "label", ADDRESS_LABEL);
  for (const other of present) if (other !== wanted) await address("delete", other);
}

async function setKey(host: Host, resource: TunnelResource, { publicKey }: TunnelState): Promise<void> {
  if (publicKey === resource.publicKey) return;
  await requireTool(host, "wg", ["set", resource.interface, "private-key", resource.keyFile]);
}

/** One command for all peers: a network that moves from one to another is with one of them at any time. */
async function setPeers(host: Host, resource: TunnelResource, present: readonly TunnelPeer[]): Promise<void> {
  const { interface: name, peers } = resource;
  const isWanted = ({ publicKey }: TunnelPeer) => peers.some((peer) => peer.publicKey === publicKey);
  const isThere = (wanted: TunnelPeer) => present.some((peer) => renderPeer(peer) === renderPeer(wanted));
  const args = [
    ...present.filter((peer) => !isWanted(peer)).flatMap(({ publicKey }) => ["peer", publicKey, "remove"]),
    ...peers.filter((peer) => !isThere(peer)).flatMap(peerArguments),
  ];
  if (args.length > 0) await requireTool(host, "wg", ["set", name, ...args]);
}

/** The arguments with which wg(8) sets a peer. */
export function peerArguments({ publicKey, endpoint, keepaliveSeconds, allowedIps }: TunnelPeer): readonly string[] {
  return [
    ...["peer", publicKey, "endpoint", endpoint, "persistent-keepalive", String(keepaliveSeconds)],
    ...["allowed-ips", allowedIps.join(",")],
  ];
}

async function setLink(host: Host, resource: TunnelResource, { link }: TunnelState): Promise<void> {
  const { interface: name, mtu, address, hasAddress } = resource;
  const wanted = hasAddress ? [`${address}/32`] : [];
  const present = link?.addresses ?? [];
  for (const each of wanted)
    if (!present.includes(each)) await requireTool(host, "ip", ["address", "replace", each, "dev", name]);
  for (const other of present)
    if (!wanted.includes(other)) await requireTool(host, "ip", ["address", "delete", other, "dev", name]);
  if (link?.mtu !== mtu || !link.isUp)
    await requireTool(host, "ip", ["link", "set", "dev", name, "mtu", String(mtu), "up"]);
  if (link?.rpFilter !== LOOSE) await host.files.writeInPlace(rpFilterPath(name), LOOSE);
}

async function setRoutes(host: Host, resource: TunnelResource, present: TunnelState["routes"]): Promise<void> {
  const { interface: name, address, routes } = resource;
  const route = (verb: string, ...args: readonly string[]) =>
    requireTool(host, "ip", ["-4", "route", verb, ...args, "dev", name]);
  const has = (destination: string) =>
    present.some((each) => renderRoute(each.destination, each.source) === renderRoute(destination, address));
  for (const destination of routes) if (!has(destination)) await route("replace", destination, "src", address);
  for (const { destination } of present) if (!routes.includes(destination)) await route("delete", destination);
}
