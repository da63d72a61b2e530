// The output of apt-get(8) as errors with a remedy. Patterns match the messages of LC_ALL=C.
import { SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";

/** What apt-get would do, from `--simulate`. */
export interface AptPlan {
  /** Packages that would be new on this machine. */
  readonly installed: readonly string[];
  readonly upgraded: readonly string[];
  readonly removed: readonly string[];
}

/** Parses lines of the form `Inst name (version …)`, with `[old version]` when there is one, and `Remv name [version]`. */
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

/** Whether apt does not know the package, because its lists or a repository are missing. */
export function isUnknownPackage({ stderr }: RunResult): boolean {
  return /Unable to locate package|has no installation candidate/.test(stderr);
}

/** A mirror no longer has what apt's lists name. */
const OUTDATED = /404 +Not Found|Hash Sum mismatch|File has unexpected size/;

/** Whether dpkg installed the package on this machine, completely or partly. */
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
        ? `Another process holds ${lock}: fuser -v ${lock}.`
        : `Process ${pid} (${name}) holds it, often for cloud-init or unattended upgrades. The daemon waits for it.`,
  ],
  [
    /Unit (\S+) (?:already exists|was already loaded)/,
    "apt-locked",
    ([, unit = ""]) => `An earlier apt-get still runs: journalctl -u ${unit}. The daemon waits for it.`,
  ],
  [/dpkg was interrupted/, "dpkg-interrupted", () => "dpkg --configure -a."],
  [OUTDATED, "apt-lists-outdated", () => "apt-get update; if a proxy caches, check the proxy."],
  [
    /Temporary failure resolving|Could not connect|Connection (?:failed|timed out)|Unable to connect|Failed to fetch/,
    "apt-unreachable",
    () =>
      "Check the network and /etc/apt/sources.list; behind a proxy, HTTP_PROXY in /etc/eks-satellite/environment. The daemon tries again.",
  ],
  [/No space left on device|You don't have enough free space/, "disk-full", () => "df -h /var /usr."],
  [
    /held broken packages|unmet dependencies/,
    "apt-broken",
    () => "apt-get --fix-broken install --simulate shows the conflict.",
  ],
];

/** Turns a failure of apt-get into an error that says what to do. */
export function explainApt({ exitCode, stdout, stderr }: RunResult, what: string): SatelliteError {
  const text = `${stderr}\n${stdout}`;
  for (const [pattern, code, hint] of RULES) {
    const found = pattern.exec(text);
    if (found !== null) return new SatelliteError(code, `${what}: ${found[0]}`, { hint: hint(found) });
  }
  const reported = stderr.split("\n").filter((line) => line.startsWith("E: "));
  return new SatelliteError(
    "apt-failed",
    `${what}: apt-get exited with ${exitCode}: ${reported.join("; ").slice(0, 300)}`,
    {
      hint: "Run apt-get install by hand, with the packages that DependenciesInstalled names.",
    },
  );
}
