// What apt-get(8) says, as far as somebody has to act on it. Its words are those of LC_ALL=C.
import { SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";

/** What apt-get would do, from `--simulate`. */
export interface AptPlan {
  /** Packages that are not installed now. */
  readonly installed: readonly string[];
  readonly upgraded: readonly string[];
  readonly removed: readonly string[];
}

/** Lines are `Inst name (version …)`, with `[old version]` when there is one, and `Remv name [version]`. */
export function parseSimulation(stdout: string): AptPlan {
  const installed: string[] = [];
  const upgraded: string[] = [];
  const removed: string[] = [];
  for (const [, verb, name = "", old] of stdout.matchAll(/^(Inst|Remv|Purg) (\S+)( \[[^\]]+\])?/gm)) {
    if (verb !== "Inst") removed.push(name);
    else if (old === undefined) installed.push(name);
    else upgraded.push(name);
  }
  return { installed, upgraded, removed };
}

/** Whether apt does not know the package, for want of lists or of a repository. */
export function isUnknownPackage({ stderr }: RunResult): boolean {
  return /Unable to locate package|has no installation candidate/.test(stderr);
}

/** Whether a mirror no longer has what apt's lists name. */
const OUTDATED = /404 +Not Found|Hash Sum mismatch|File has unexpected size/;

/** Whether dpkg knows any of the package's files on this machine, be it half-way. */
export async function isInstalled(host: Host, name: string): Promise<boolean> {
  const { stdout } = await host.run("dpkg-query", ["--status", name]);
  return /^Status: .* (installed|unpacked|half-\w+|triggers-\w+)$/m.test(stdout);
}

const RULES: readonly (readonly [pattern: RegExp, code: string, hint: (found: RegExpExecArray) => string])[] = [
  [
    /Could not get lock (\S+?)\.? (?:It is held by process (\d+) \(([^)]*)\)|- open)/,
    "apt-locked",
    ([, lock = "", pid, name]) =>
      pid === undefined
        ? `Somebody holds ${lock}: fuser -v ${lock}.`
        : `Process ${pid} (${name}) has it, often cloud-init's or unattended upgrades. It is waited for.`,
  ],
  [
    /Unit (\S+) (?:already exists|was already loaded)/,
    "apt-locked",
    ([, unit = ""]) => `An apt-get that was started before is still at work: journalctl -u ${unit}. It is waited for.`,
  ],
  [/dpkg was interrupted/, "dpkg-interrupted", () => "dpkg --configure -a."],
  [OUTDATED, "apt-lists-outdated", () => "apt-get update; behind a proxy that caches, look at the proxy."],
  [
    /Temporary failure resolving|Could not connect|Connection (?:failed|timed out)|Unable to connect|Failed to fetch/,
    "apt-unreachable",
    () =>
      "Check the network and /etc/apt/sources.list; behind a proxy, HTTP_PROXY in /etc/eks-satellite/environment. It is tried again.",
  ],
  [/No space left on device|You don't have enough free space/, "disk-full", () => "df -h /var /usr."],
  [
    /held broken packages|unmet dependencies/,
    "apt-broken",
    () => "apt-get --fix-broken install --simulate shows what is at odds.",
  ],
];

/** The failure of an apt-get as an error that says what to do. */
export function explainApt({ exitCode, stdout, stderr }: RunResult, what: string): SatelliteError {
  const text = `${stderr}\n${stdout}`;
  for (const [pattern, code, hint] of RULES) {
    const found = pattern.exec(text);
    if (found !== null) return new SatelliteError(code, `${what}: ${found[0]}`, { hint: hint(found) });
  }
  const told = stderr.split("\n").filter((line) => line.startsWith("E: "));
  return new SatelliteError(
    "apt-failed",
    `${what}: apt-get exited with ${exitCode}: ${told.join("; ").slice(0, 300)}`,
    {
      hint: "Run it by hand, with the packages that DependenciesInstalled names.",
    },
  );
}
