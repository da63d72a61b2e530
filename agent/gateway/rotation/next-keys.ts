// Which next keys are sound: of a node that is accepted and not pinned, and of no other node.
import type { NetworkMap } from "../../tunnel/entries.ts";
import { wireguardKey } from "../../tunnel/entries.ts";
import type { AcceptedPeer } from "../peers/accepted-peers.ts";

export interface NextKeySources {
  readonly peers: readonly AcceptedPeer[];
  /** As Nodes say them. */
  readonly said: ReadonlyMap<string, string>;
  readonly map: Pick<NetworkMap, "nodes">;
  /** Keys of nodes that are away: they stay theirs. */
  readonly held: ReadonlyMap<string, string>;
  readonly ownKeys: readonly string[];
}

/**
 * The next keys that the gateway takes, by node. One that is not sound is left out without a word: its node keeps the key that it has,
 * asks for the change, and reports that it gets no consent.
 */
export function acceptNextKeys({ peers, said, map, held, ownKeys }: NextKeySources): ReadonlyMap<string, string> {
  const owners = new Map([...held].map(([node, key]) => [key, node]));
  for (const { node, publicKey } of peers) owners.set(publicKey, node);
  const next = new Map<string, string>();
  for (const { node, publicKey } of peers) {
    const key = said.get(node);
    if (key === undefined || key === publicKey || !wireguardKey.safeParse(key).success) continue;
    const isPinned = map.nodes.get(node)?.publicKey !== undefined;
    const owner = owners.get(key) ?? node;
    if (isPinned || owner !== node || ownKeys.includes(key)) continue;
    owners.set(key, node);
    next.set(node, key);
  }
  return next;
}
