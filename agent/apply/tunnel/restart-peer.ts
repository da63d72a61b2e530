// Makes a peer shake hands at once: after a restart of the gateway WireGuard's own timers take up to two minutes.
import type { Host } from "../../host/host.ts";
import type { TunnelPeer, TunnelResource } from "../../plan/tunnel/resources.ts";
import { requireTool } from "./tool.ts";
import { peerArguments } from "./tunnel-executor.ts";

/** Removes the peer and sets it again, in one command: its session is gone, and the next packet begins another. @throws tools-missing, tunnel-not-set */
export async function restartPeer(host: Host, name: string, peer: TunnelPeer): Promise<void> {
  await requireTool(host, "wg", ["set", name, "peer", peer.publicKey, "remove", ...peerArguments(peer)]);
}

/**
 * Does that with a peer of the plan; one that is not planned any more stays as it is. One that is not there any more is not made: its
 * gateway may have another key since the plan, and what this one got would be missing there.
 */
export async function restartPlannedPeer(
  host: Host,
  tunnels: readonly Pick<TunnelResource, "interface" | "peers">[],
  publicKey: string,
): Promise<void> {
  for (const { interface: name, peers } of tunnels)
    for (const peer of peers)
      if (peer.publicKey === publicKey && (await hasPeer(host, name, publicKey))) await restartPeer(host, name, peer);
}

async function hasPeer(host: Host, name: string, publicKey: string): Promise<boolean> {
  return (await requireTool(host, "wg", ["show", name, "peers"])).split("\n").includes(publicKey);
}
