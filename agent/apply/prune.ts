// Taking back what the configuration wanted once and does not want any more: what stood there before is put back.

import { PATHS } from "../config/paths.ts";
import type { Host } from "../host/host.ts";
import { renderCniConfig } from "../plan/cni-config.ts";
import { OWNED_NOTICE } from "../plan/owned-file.ts";
import { hostsPath } from "../plan/registries.ts";
import { type Resource, resourceId } from "../plan/resource.ts";
import type { Ledger, Original } from "./ledger.ts";
import { restoreFile } from "./restore-file.ts";

/** A file of the agent's that the plan has no more. */
export interface Pruning {
  readonly id: string;
  readonly path: string;
  readonly original: Original;
}

/**
 * Finds them. Only files count that the configuration alone decides: others may be missing from a plan because the machine or the
 * cluster could not be read. @throws file-unreadable
 */
export async function findPrunings(
  host: Host,
  ledger: Ledger,
  resources: readonly Resource[],
): Promise<readonly Pruning[]> {
  const wanted = new Set(resources.map(resourceId));
  const registries = await host.files.list(PATHS.registriesFolder);
  const found: Pruning[] = [];
  for (const path of [PATHS.cniConfig, ...registries.map(hostsPath)]) {
    const id = `file:${path}`;
    const entry = wanted.has(id) ? undefined : await ledger.find(id);
    if (entry !== undefined) found.push({ id, path, original: entry.original });
  }
  return found;
}

/** Puts back what was there; one of which that is not known stays as it is, and so does what somebody else wrote since. @throws file-unwritable, disk-full */
export async function prune(host: Host, { path, original }: Pruning): Promise<void> {
  const present = (await host.files.read(path)) ?? "";
  if (present !== renderCniConfig() && !present.startsWith(OWNED_NOTICE)) return;
  if (original.kind === "absent") await host.files.remove(path);
  else await restoreFile(host, path, original);
}
