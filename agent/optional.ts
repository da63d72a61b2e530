// Optional properties under `exactOptionalPropertyTypes`: a property that is not known is absent, and not `undefined`.

/** The properties without those whose value is undefined: `{ code, ...optional({ hint }) }`. */
export function optional<T extends object>(properties: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
