// Every key of a configuration with its value and where that comes from: a line of the file, the host name, the schema.
import { type Document, isMap, isNode, isScalar, type LineCounter } from "yaml";
import { isNodeNamed } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";

/** A key that holds a value, not a section. */
export interface Key {
  /** E.g. `["kubelet", "maxPods"]`. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** E.g. `line 7`, `the host name`, `default`. */
  readonly from: string;
}

/** The text of a configuration, parsed. */
export interface ConfigText {
  readonly text: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  /** Whether the node's name is that of the first join, not the present host name. */
  readonly isNameKept: boolean;
}

const DEFAULT = "default";

/** Lists the keys in the order of the schema. A section that is empty counts as a key. */
export function readKeys(config: Config, source: ConfigText): readonly Key[] {
  return readSection(config, [], source);
}

function readSection(section: object, path: readonly string[], source: ConfigText): readonly Key[] {
  return Object.entries(section).flatMap(([name, value]) => {
    const here = [...path, name];
    return isSection(value) ? readSection(value, here, source) : [{ path: here, value, from: originOf(here, source) }];
  });
}

function isSection(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

function originOf(path: readonly string[], { text, document, lines, isNameKept }: ConfigText): string {
  if (path.join(".") === "node.name" && !isNodeNamed(text))
    return isNameKept ? "the first join of this machine" : "the host name";
  const offset = offsetOf(document, path);
  return offset === undefined ? DEFAULT : `line ${lines.linePos(offset).line}`;
}

/** Where the whole path stands with a value. */
function offsetOf(document: Document.Parsed, path: readonly string[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const name of path) {
    if (!isMap(node)) return undefined;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    if (pair === undefined || !isNode(pair.key)) return undefined;
    offset = pair.key.range?.[0];
    node = pair.value;
  }
  return node === null || (isScalar(node) && node.value === null) ? undefined : offset;
}

/** Whether a key has the schema's own value. */
export function isDefault({ from }: Key): boolean {
  return from === DEFAULT;
}
