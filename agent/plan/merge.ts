// The one way in which the user's tables and ours become one: tables merge, anything else is replaced by what is laid over it.

export type Table = { readonly [key: string]: unknown };

/** Lays `over` onto `base`; neither is changed. */
export function mergeTables(base: Table, over: Table): Table {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isTable(below) && isTable(value) ? mergeTables(below, value) : value;
  }
  return merged;
}

/** The table at a path, empty when there is none. */
export function tableAt(table: Table, ...path: readonly string[]): Table {
  return path.reduce((here, key) => {
    const next = here[key];
    return isTable(next) ? next : {};
  }, table);
}

/** A plain table, not an array or a date; smol-toml's tables have no prototype. */
export function isTable(value: unknown): value is Table {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
