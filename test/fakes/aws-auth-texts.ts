// Lists of aws-auth as people, eksctl, Terraform and editors leave them behind: texts with the meaning that they were made of.

/** A list's text, and what it means. */
export interface GeneratedList {
  readonly text: string;
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

/** Chance that is the same for the same seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new RangeError("nothing to pick from");
    return chosen;
  }

  shuffle<T>(items: readonly T[]): readonly T[] {
    return items
      .map((item) => ({ item, order: this.next() }))
      .toSorted((one, other) => one.order - other.order)
      .map(({ item }) => item);
  }
}

const EMPTY = [
  "",
  "[]",
  "[]\n",
  "[ ]\n",
  "null\n",
  "~",
  '""',
  "''\n",
  "\n",
  "# nobody yet\n",
  "---\n",
  "---\n[]\n",
  "# a\n\n# b",
];
const NAMES = [
  "admin",
  "ci",
  "Ops",
  "größe",
  "管理",
  "node-group-1",
  "eks-satellite-node2",
  "path/to/dev",
  "a+b=c,d.e@f",
];
const USERNAMES = [
  "admin",
  "ops:{{SessionName}}",
  "système",
  "{{SessionNameRaw}}",
  "system:node:{{EC2PrivateDNSName}}",
  "日本",
  "it's",
  'say "hi"',
  "a # b",
  "null",
  "0123",
  "- x",
];
const GROUPS = ["system:masters", "system:bootstrappers", "system:nodes", "devs", "équipe", "eks-console"];
const COMMENTS = [
  "team A",
  "do not touch!",
  "rolearn: arn:aws:iam::1:role/off",
  "- commented: out",
  "ünïcode ✓",
  "'\"[{",
];

/** One list. @param arnKey rolearn or userarn */
export function generateList(chance: Chance, arnKey: "rolearn" | "userarn"): GeneratedList {
  if (chance.is(0.12)) return { text: chance.pick(EMPTY), entries: [] };
  const entries = Array.from({ length: 1 + chance.below(6) }, () => generateEntry(chance, arnKey));
  const text = chance.is(0.2) ? flowList(chance, entries) : blockList(chance, entries);
  return chance.is(0.1) ? { text: text.replaceAll("\n", "\r\n"), entries } : { text, entries };
}

type Entry = Record<string, unknown>;

function generateEntry(chance: Chance, arnKey: string): Entry {
  const kind = arnKey === "rolearn" ? "role" : "user";
  const arn = `arn:aws:iam::${chance.pick(["111122223333", "123456789012"])}:${kind}/${chance.pick(NAMES)}-${chance.below(1000)}`;
  const groups = chance.shuffle(GROUPS).slice(0, chance.below(4));
  const pairs: [string, unknown][] = [
    [arnKey, chance.is(0.04) ? "" : arn],
    ["username", chance.pick(USERNAMES)],
    ["groups", groups],
  ];
  if (chance.is(0.2)) pairs.push(["userid", `AROA${chance.below(1e9)}`]);
  if (chance.is(0.1)) pairs.push(["sso", { permissionSetName: "Admin", accountID: "111122223333" }]);
  if (chance.is(0.1)) pairs.push(["note", "first\nsecond\n"]);
  if (chance.is(0.05)) pairs.push(["priority", chance.below(100)]);
  return Object.fromEntries(chance.shuffle(pairs));
}

function flowList(chance: Chance, entries: readonly Entry[]): string {
  const isJson = chance.is(0.4);
  const items = entries.map((entry) => (isJson ? JSON.stringify(entry) : flow(chance, entry)));
  if (chance.is(0.5))
    return `[${items.join(", ")}${!isJson && chance.is(0.3) ? "," : ""}]${chance.pick(["", "\n", " # end\n"])}`;
  const lines = items.map(
    (item, index) => `  ${item}${index < items.length - 1 ? "," : ""}${isJson ? "" : comment(chance)}`,
  );
  return `[\n${lines.join("\n")}\n]\n`;
}

/** Entries one below the other; some share their groups, or all that they say, through an anchor. */
function blockList(chance: Chance, entries: readonly Entry[]): string {
  const margin = " ".repeat(chance.pick([0, 0, 2, 4]));
  const anchors = new Map<string, string>();
  const lines: string[] = [];
  if (chance.is(0.15)) lines.push("---");
  for (const entry of entries) {
    while (chance.is(0.2)) lines.push(chance.is(0.3) ? "" : `${" ".repeat(chance.below(2))}# ${chance.pick(COMMENTS)}`);
    lines.push(...blockEntry(chance, entry, anchors).map((line) => (line === "" ? line : margin + line)));
  }
  while (chance.is(0.2)) lines.push(`# ${chance.pick(COMMENTS)}`);
  if (chance.is(0.05)) lines.push("...");
  return lines.join("\n") + chance.pick(["", "\n", "\n", "\n", "\n\n"]);
}

function blockEntry(chance: Chance, entry: Entry, anchors: Map<string, string>): readonly string[] {
  if (chance.is(0.1)) return [`- ${flow(chance, entry)}${comment(chance)}`];
  const step = " ".repeat(chance.pick([1, 1, 1, 3]));
  const body = Object.entries(entry).flatMap(([key, value]) => blockPair(chance, key, value, anchors));
  const inner = ` ${step}`;
  if (chance.is(0.1)) return [`-${comment(chance)}`, ...body.map((line) => (line === "" ? line : inner + line))];
  return body.map((line, index) => (index === 0 ? `-${step}${line}` : line === "" ? line : inner + line));
}

function blockPair(chance: Chance, key: string, value: unknown, anchors: Map<string, string>): readonly string[] {
  const name = chance.is(0.1) ? JSON.stringify(key) : key;
  if (key === "note")
    return [
      `${name}: |`,
      ...String(value)
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`),
    ];
  if (!Array.isArray(value)) {
    return typeof value === "object"
      ? [`${name}: ${flow(chance, value)}`]
      : [`${name}: ${scalar(chance, value)}${comment(chance)}`];
  }
  const known = anchors.get(JSON.stringify(value));
  if (known !== undefined && chance.is(0.7)) return [`${name}: *${known}${comment(chance)}`];
  const anchor = chance.is(0.3) ? `g${anchors.size}` : undefined;
  if (anchor !== undefined) anchors.set(JSON.stringify(value), anchor);
  const head = anchor === undefined ? `${name}:` : `${name}: &${anchor}`;
  if (value.length === 0 || chance.is(0.3)) return [`${head} ${flow(chance, value)}${comment(chance)}`];
  const margin = chance.pick(["", "  "]);
  return [`${head}${comment(chance)}`, ...value.map((item) => `${margin}- ${scalar(chance, item)}${comment(chance)}`)];
}

function flow(chance: Chance, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => flow(chance, item)).join(chance.pick([", ", " , "]))}]`;
  if (typeof value !== "object" || value === null) return quoted(chance, value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}: ${flow(chance, inner)}`)
    .join(", ")}}`;
}

function scalar(chance: Chance, value: unknown): string {
  const isPlain = typeof value === "string" && /^[a-z][\w:/+=,.@-]*\w$/i.test(value) && value !== "null";
  return isPlain && chance.is(0.6) ? value : quoted(chance, value);
}

function quoted(chance: Chance, value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return chance.is(0.5) && !value.includes("\n") ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value);
}

function comment(chance: Chance): string {
  return chance.is(0.1) ? ` # ${chance.pick(COMMENTS)}` : "";
}
