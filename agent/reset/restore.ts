// Back to what stood there before the agent's first change, from the ledger.
import type { LedgerEntry } from "../apply/ledger.ts";
import { restoreFile } from "../apply/restore-file.ts";
import { ARTIFACTS_FOLDER } from "../config/paths.ts";
import { assertNever, SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { removeTree } from "./mounts.ts";

/** What is done about one entry, in words; undefined when there is nothing to do. */
export function describeRestore({ id, original }: LedgerEntry): string | undefined {
  const { kind, name } = splitId(id);
  switch (original.kind) {
    case "absent":
      return kind === "file" || kind === "link" ? `remove ${name}` : undefined; // Packages have a step of their own.
    case "file":
      return `put back ${name}`;
    case "value":
      return `set ${name} to ${original.value}`;
    case "unknown":
      return `leave ${name}: what stood there before is not known`;
    default:
      return assertNever(original);
  }
}

/** Whether there is something to restore: a link of the agent's may have become somebody's own program. */
export async function isStillOwn(host: Host, { id }: LedgerEntry): Promise<boolean> {
  const { kind, name } = splitId(id);
  return kind !== "link" || (await host.files.readLink(name))?.startsWith(`${ARTIFACTS_FOLDER}/`) === true;
}

/** Restores one entry; doing it twice does no harm. @throws file-unwritable, disk-full, mount-busy */
export async function restoreEntry(host: Host, { id, original }: LedgerEntry): Promise<void> {
  const { kind, name } = splitId(id);
  if (kind === "file") return original.kind === "absent" ? removeTree(host, name) : restoreFile(host, name, original);
  if (kind === "link") return host.files.remove(name);
  // A module that was loaded stays until the next boot: whoever has begun to use it would lose it.
  if (kind === "sysctl" && original.kind === "value")
    await host.files.writeInPlace(`/proc/sys/${name.replaceAll(".", "/")}`, original.value);
}

function splitId(id: string): { readonly kind: string; readonly name: string } {
  const colon = id.indexOf(":");
  if (colon < 0) throw new SatelliteError("reset-failed", `the ledger has an entry ${id} of no kind`);
  return { kind: id.slice(0, colon), name: id.slice(colon + 1) };
}
