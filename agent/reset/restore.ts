// Restores what the ledger recorded before the agent's first change.
import type { LedgerEntry } from "../apply/ledger.ts";
import { restoreFile } from "../apply/restore-file.ts";
import { ARTIFACTS_FOLDER } from "../config/paths.ts";
import { assertNever, SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { removeTree } from "./mounts.ts";

/** Describes what is done about one entry; undefined when there is nothing to do. */
export function describeRestore({ id, original }: LedgerEntry): string | undefined {
  const { kind, name } = splitId(id);
  switch (original.kind) {
    case "absent":
      return kind === "file" || kind === "link" ? `remove ${name}` : undefined; // Packages have their own step.
    case "file":
      return `restore ${name}`;
    case "value":
      return `set ${name} to ${original.value}`;
    case "unknown":
      return `leave ${name}: its original is unknown`;
    default:
      return assertNever(original);
  }
}

/** Whether there is something to restore: the user may have replaced a link of the agent's by a program. */
export async function isStillOwn(host: Host, { id }: LedgerEntry): Promise<boolean> {
  const { kind, name } = splitId(id);
  return kind !== "link" || (await host.files.readLink(name))?.startsWith(`${ARTIFACTS_FOLDER}/`) === true;
}

/** Restores one entry; a second call changes nothing. @throws file-unwritable, disk-full, mount-busy */
export async function restoreEntry(host: Host, { id, original }: LedgerEntry): Promise<void> {
  const { kind, name } = splitId(id);
  if (kind === "file") return original.kind === "absent" ? removeTree(host, name) : restoreFile(host, name, original);
  if (kind === "link") return host.files.remove(name);
  // A loaded module stays until the next boot, since another program may use it by now.
  if (kind === "sysctl" && original.kind === "value")
    await host.files.writeInPlace(`/proc/sys/${name.replaceAll(".", "/")}`, original.value);
}

function splitId(id: string): { readonly kind: string; readonly name: string } {
  const colon = id.indexOf(":");
  if (colon < 0) throw new SatelliteError("reset-failed", `the ledger has an entry without a kind: ${id}`);
  return { kind: id.slice(0, colon), name: id.slice(colon + 1) };
}
