// Replaces what identifies a machine, each value by the same other one wherever it appears.

/** A text that the probe keeps. */
export interface Entry {
  readonly path: string;
  readonly text: string;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** Lines of `nvidia-smi --query`, of the driver's messages and of /proc that end with a number of one device. */
const SERIAL =
  /^.{0,120}?\b(?:serial(?: number)?|guid|uuid|board id|platform id|pdi|part number)(?: is|\s{0,60}:)\s{0,10}(?:GPU-|MIG-)?([\w-]{4,80})\.?$/gim;
const NO_NUMBER = /^(?:n\/a|none|unknown|0x?0*|0+(?:-0+)*)$/i;

/** Replaces UUIDs, serial numbers and the host's name in all texts. */
export function replaceNames(entries: readonly Entry[], hostname: string): readonly Entry[] {
  const names = new Map<string, string>();
  const all = entries.map(({ text }) => text);
  for (const text of all)
    for (const [uuid] of text.matchAll(UUID)) remember(names, uuid.toLowerCase(), (count) => sampleUuid(count));
  for (const text of all)
    for (const [, serial = ""] of text.matchAll(SERIAL))
      if (!NO_NUMBER.test(serial) && !names.has(serial.toLowerCase()))
        remember(names, serial.toLowerCase(), (count) => `NUMBER-${count}`);
  if (hostname.length > 2) names.set(hostname.toLowerCase(), "HOST");
  if (names.size === 0) return entries;
  const longestFirst = [...names.keys()].toSorted((one, other) => other.length - one.length);
  const known = new RegExp(
    `(?<![\\w-])(?:GPU-|MIG-)?(?:${longestFirst.map((name) => name.replaceAll(/[^\w-]/g, "\\$&")).join("|")})(?!\\w)`,
    "gi",
  );
  return entries.map(({ path, text }) => ({
    path,
    text: text.replace(known, (found) => {
      const prefix = /^(?:GPU|MIG)-(?=[0-9a-f]{8}-)/i.exec(found)?.[0] ?? "";
      return prefix + (names.get(found.slice(prefix.length).toLowerCase()) ?? "NUMBER");
    }),
  }));
}

function remember(names: Map<string, string>, value: string, toOther: (count: number) => string): void {
  if (!names.has(value)) names.set(value, toOther(names.size + 1));
}

function sampleUuid(count: number): string {
  return `5c1b0000-0000-4000-8000-${String(count).padStart(12, "0")}`;
}
