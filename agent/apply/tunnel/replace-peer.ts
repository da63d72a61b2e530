// A peer gets another key: its networks, and the place where it listens, go with it in one command, and WireGuard speaks to it at once.
import type { Host } from "../../host/host.ts";
import type { TunnelPeer } from "../../plan/tunnel/resources.ts";
import { requireTool } from "./tool.ts";
import { peerArguments } from "./tunnel-executor.ts";

/** @throws tools-missing, tunnel-not-set */
export async function replacePeer(
  host: Host,
  name: string,
  { peer, publicKey }: { readonly peer: TunnelPeer; readonly publicKey: string },
): Promise<void> {
  const old = ["peer", peer.publicKey, "remove"];
  await requireTool(host, "wg", ["set", name, ...old, ...peerArguments({ ...peer, publicKey })]);
}
