// Every reason that a condition may have, read from the sources: the literals that reports are made of, and the codes of errors.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const AGENT = join(import.meta.dirname, "../../agent");

/** An administrator's work, a command's own answers, explanations, a reset and a gateway have no board to write to. */
const WITHOUT_A_BOARD = /^(admin|commands|reset|bundle|explain|gateway)\//;

/** Codes that are put together from a value, and what comes of them. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: this is how they stand in the sources
  "${what}-broken": ["kubelet-broken", "containerd-broken"],
  "gpu-slowdown-${slowdown}": ["gpu-slowdown-hardware", "gpu-slowdown-power", "gpu-slowdown-thermal"],
  "gpu-xid-${xid}": ["gpu-xid"],
  "nvswitch-sxid-${xid}": ["nvswitch-sxid"],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
};

/** Codes that never become a condition's reason, and why. */
export const NEVER_A_REASON: Readonly<Record<string, string>> = {
  "address-invalid": "eni and node-name only",
  "api-conflict": "the Node's writer tries again",
  "api-denied": "a write that the cluster does not allow is left out",
  "api-failed": "a watch reads again; ApiReachable has the reason of the read",
  "caller-denied": "it means that AWS knows the keys",
  "already-running": "the second daemon ends with it",
  "daemon-stopping": "the board takes no report of a run that ends",
  "file-exists": "bundle only",
  "health-port-taken": "the daemon ends with it",
  "lease-lost": "a gateway's only: the route is left to the gateway that holds the Lease",
  "inventory-part-failed": "shown in its place by inventory, check and bundle",
  "input-too-large": "user-data only",
  "not-planned": "answered to /status before the first round",
  "proxy-invalid": "logged at the start",
  "proxy-unsupported": "logged at the start",
  "session-forbidden": "becomes LongLivedKeys",
  "watch-ended": "the watch is opened again",
};

/** `cluster-not-found` → `ClusterNotFound`, as the board does it. */
export function toReason(code: string): string {
  return code
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/** The sources of the daemon and of what it shares with `check`. */
export function daemonSources(): readonly { readonly name: string; readonly text: string }[] {
  return globSync("**/*.ts", { cwd: AGENT })
    .filter((name) => !WITHOUT_A_BOARD.test(name))
    .toSorted()
    .map((name) => ({ name, text: readFileSync(join(AGENT, name), "utf8") }));
}

/** Places of a code: what follows is an expression that ends with the first comma or line that closes it. */
const CODE_PLACES = [
  /new SatelliteError\(\s*([^,]+),/g,
  /\bcode(?::| =) ([^,;\n]+)[,;\n]/g,
  /\b(?:failed|add)\(\s*([^,\n]+),/g,
  // A rule of apt's: a pattern, a code, and a function that gives the hint.
  /,\s*("[a-z]+(?:-[a-z]+)+"),\s*\(/g,
] as const;

/** Codes of errors that may reach a condition, in order. */
export function readCodes(): readonly string[] {
  const found = daemonSources().flatMap(({ text }) =>
    CODE_PLACES.flatMap((place) => Array.from(text.matchAll(place), ([, expression = ""]) => expression)).flatMap(
      (expression) => [
        ...Array.from(expression.matchAll(/"([a-z0-9]+(?:-[a-z0-9]+)+)"/g), ([, code = ""]) => code),
        ...Array.from(expression.matchAll(/`([^`]*\$\{[^`]*)`/g), ([, template = ""]) => template).flatMap(expand),
      ],
    ),
  );
  return [...new Set(found)].toSorted();
}

function expand(template: string): readonly string[] {
  const codes = TEMPLATES[template];
  if (codes === undefined) throw new Error(`test/docs/reasons.ts does not know what the code \`${template}\` becomes`);
  return codes;
}

/** Places of a reason that is written as such: one literal, or two of which a condition chooses. */
const REASON_PLACES = [
  /\breason: ([^,;}\n]+)/g,
  /\bset(?:True|Unknown)\(\s*(?:\w+|"\w+"),\s*([^,;`]+),/g,
  /\b(?:quiet|allQuiet)\(([^,]+),/g,
  /const REASONS = \{([^}]*)\}/g,
] as const;

/** An event on the Node has a reason of its own kind, which is no condition's: docs/reference/events.md lists those. */
const NOTICE = /kind: "notice",[^}]*/g;

/** Reasons that are written as such, in order. */
export function readReasons(): readonly string[] {
  const found = daemonSources().flatMap(({ text }) =>
    REASON_PLACES.flatMap((place) =>
      Array.from(text.replaceAll(NOTICE, "").matchAll(place), ([, expression = ""]) => expression),
    ).flatMap((expression) => Array.from(expression.matchAll(/"([A-Z]\w+)"/g), ([, reason = ""]) => reason)),
  );
  return [...new Set(found)].toSorted();
}

/** Codes with which a row of `verify` fails or warns. */
export function readVerifyCodes(): readonly string[] {
  const sources = globSync("admin/verify/*.ts", { cwd: AGENT }).map((path) => readFileSync(join(AGENT, path), "utf8"));
  const found = sources.flatMap((source) => [
    ...source.matchAll(/\b(?:(?:fail|warn)\(\s*|code: )"([a-z]+(?:-[a-z]+)+)"/g),
  ]);
  return [...new Set(found.map(([, code = ""]) => code))].toSorted();
}
