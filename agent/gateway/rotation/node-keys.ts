// The keys that Nodes say in their annotations: the one in force, and the one to which a node is about to change.
import { NEXT_PUBLIC_KEY_ANNOTATION, PUBLIC_KEY_ANNOTATION, TUNNEL_MTU_ANNOTATION } from "../../tunnel/names.ts";

/** PartialObjectMetadata (meta/v1). */
export interface NodeMetadata {
  readonly metadata?: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** A key has 44 characters; of a longer text this much is enough to refuse it. */
const MAX_KEY_LENGTH = 64;

type Texts = Readonly<Record<string, string>>;

export class NodeKeys {
  /** By node's name, as it is written. */
  readonly current = new Map<string, string>();
  readonly next = new Map<string, string>();
  /** How large packets to a node may be, as it is written. */
  readonly mtus = new Map<string, string>();

  static read(nodes: readonly NodeMetadata[]): NodeKeys {
    const keys = new NodeKeys();
    for (const node of nodes) keys.see(node, false);
    return keys;
  }

  /** Those of an earlier run. */
  static of(current: Texts, next: Texts): NodeKeys {
    const keys = new NodeKeys();
    for (const [name, key] of Object.entries(current)) keys.current.set(name, key);
    for (const [name, key] of Object.entries(next)) keys.next.set(name, key);
    return keys;
  }

  /** Takes a Node as it is now, or as it was when it was deleted, and says whether one of its keys is another. */
  see({ metadata }: NodeMetadata, isDeleted: boolean): boolean {
    if (metadata?.name === undefined) return false;
    const annotations = isDeleted ? {} : (metadata.annotations ?? {});
    const changes = [
      set(this.current, metadata.name, annotations[PUBLIC_KEY_ANNOTATION]),
      set(this.next, metadata.name, annotations[NEXT_PUBLIC_KEY_ANNOTATION]),
      set(this.mtus, metadata.name, annotations[TUNNEL_MTU_ANNOTATION]),
    ];
    return changes.includes(true);
  }
}

function set(keys: Map<string, string>, name: string, text: string | undefined): boolean {
  const key = text?.slice(0, MAX_KEY_LENGTH);
  if (keys.get(name) === key) return false;
  if (key === undefined) keys.delete(name);
  else keys.set(name, key);
  return true;
}
