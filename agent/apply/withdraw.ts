// Taking back what the configuration wanted once and does not want any more: what stood there before is put back.
import type { Host } from "../host/host.ts";
import { renderCniConfig } from "../plan/cni-config.ts";
import { OWNED_NOTICE } from "../plan/owned-file.ts";
import { PATHS } from "../plan/paths.ts";
import { type Resource, resourceId } from "../plan/resource.ts";
import type { LedgerEntry, Original } from "./ledger.ts";
import { restoreFile } from "./restore-file.ts";

const FILE = "file:";

/** A file of the agent's that the plan has no more. */
export interface Withdrawal {
  readonly id: string;
  readonly path: string;
  readonly original: Original;
}

/**
 * Finds them among what was changed. Only files count that the configuration alone decides: others may be missing
 * from a plan because the machine or the cluster could not be read.
 */
export function findWithdrawals(
  entries: readonly LedgerEntry[],
  resources: readonly Resource[],
): readonly Withdrawal[] {
  const wanted = new Set(resources.map(resourceId));
  return entries
    .filter(({ id }) => id.startsWith(FILE) && !wanted.has(id))
    .map(({ id, original }) => ({ id, path: id.slice(FILE.length), original }))
    .filter(({ path }) => path === PATHS.cniConfig || path.startsWith(`${PATHS.registriesFolder}/`));
}

/** Puts back what was there; one of which that is not known stays as it is, and so does what somebody else wrote since. @throws file-unwritable, disk-full */
export async function withdraw(host: Host, { path, original }: Withdrawal): Promise<void> {
  const present = (await host.files.read(path)) ?? "";
  if (present !== renderCniConfig() && !present.startsWith(OWNED_NOTICE)) return;
  if (original.kind === "absent") await host.files.remove(path);
  else await restoreFile(host, path, original);
}
