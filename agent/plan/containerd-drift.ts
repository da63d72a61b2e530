// Where two containerd configurations differ, in words with both values.
import { isTable, type Table, tableAt } from "./merge.ts";

/** What lies below may be a registry's password, which must not reach a journal. */
const MAY_BE_SECRET = /registry|auth|header|password|secret|token|env/i;

/**
 * Leaves of `wanted` that differ in `found`, e.g. `plugins.x.enable_cdi is absent, not true`.
 * @param chosen leaves that do not count: the user has decided
 */
export function listDifferences(wanted: Table, found: Table, chosen: Table = {}, path = ""): readonly string[] {
  return Object.entries(wanted).flatMap(([key, value]) => {
    const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
    const here = path === "" ? name : `${path}.${name}`;
    if (isTable(value)) return listDifferences(value, tableAt(found, key), tableAt(chosen, key), here);
    if (Object.hasOwn(chosen, key) || isSame(value, found[key])) return [];
    return [MAY_BE_SECRET.test(here) ? `${here} is another` : `${here} is ${render(found[key])}, not ${render(value)}`];
  });
}

function isSame(one: unknown, other: unknown): boolean {
  return Array.isArray(one) && Array.isArray(other) ? render(one) === render(other) : one === other;
}

function render(value: unknown): string {
  if (value === undefined) return "absent";
  return Array.isArray(value) ? `[${value.map(render).join(", ")}]` : String(value);
}
