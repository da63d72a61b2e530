// A picture of the whole machine, to be compared with a later one: files, settings, units, packages, firewall.
import assert from "node:assert/strict";
import { planSysctls } from "../../agent/plan/sysctls.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** What lives by itself, and why. Pictures do not look into it, where files come and go under one's eyes. */
const ALIVE: readonly (readonly [path: string, why: string])[] = [
  ["/var/lib/containerd/*", "containerd's own database, and images"],
  ["/var/log/journal", "the system's own life"],
  ["/var/log/wtmp", "the same: boots"],
  ["/var/tmp", "the same"],
  ["/var/cache/ldconfig", "the same"],
  ["/tmp", "the same"],
  ["/var/lib/systemd/*", "the same"],
];

/** What a machine is made of; each part is compared by itself. */
export interface Picture {
  /** Type, mode, owner, path and target of every file of the root file system. */
  readonly files: readonly string[];
  readonly hashes: readonly string[];
  readonly settings: string;
  readonly units: string;
  readonly packages: string;
  /** Rules and chains of somebody's: the tables themselves come with whoever looks at them. */
  readonly firewall: string;
}

/** Takes the picture, but for these further paths. */
export async function takePicture(sandbox: Sandbox, without: readonly string[]): Promise<Picture> {
  const sh = async (script: string) => (await sandbox.box(["/bin/sh", "-ec", script])).stdout;
  const lines = (text: string) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  const left = [...ALIVE.map(([path]) => path), ...without].map((path) => `-path '${path}'`);
  const unlessLeft = `\\( ${left.join(" -o ")} \\) -prune -o`;
  const keys = planSysctls("host").map(({ key }) => key);
  return {
    files: lines(await sh(`find / -xdev ${unlessLeft} -printf '%y %m %U:%G %p %l\\n'`)),
    hashes: lines(
      await sh(`find /etc /opt /usr/local /usr/libexec /var -xdev ${unlessLeft} -type f -exec sha256sum {} +`),
    ),
    settings: await sh(`for key in ${keys.join(" ")}; do sysctl "$key" 2>/dev/null || true; done`),
    units: (await sh("systemctl list-unit-files --no-legend --no-pager | sort")).replaceAll(/^eks-satellite.*\n/gm, ""),
    packages: await sh("dpkg-query --show"),
    firewall: (await sh("iptables-save; ip6tables-save"))
      .split("\n")
      .filter((line) => /^-A|^:\S+ - /.test(line))
      .join("\n"),
  };
}

/** Nothing at all may differ. @throws AssertionError that says what was added and what is gone */
export function assertSamePicture(now: Picture, before: Picture): void {
  for (const part of ["files", "hashes"] as const) assertSameLines(now[part], before[part], part);
  for (const part of ["settings", "units", "packages", "firewall"] as const)
    assert.equal(now[part], before[part], part);
}

/** Shows the lines that differ alone. @throws AssertionError */
export function assertSameLines(now: readonly string[], before: readonly string[], what: string): void {
  const gone = before.filter((line) => !now.includes(line));
  const added = now.filter((line) => !before.includes(line));
  assert.deepEqual({ gone, added }, { gone: [], added: [] }, what);
}
