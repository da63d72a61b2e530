// Removing what the configuration wanted once and does not want any more: what stood there before is restored.
import { sha256 } from "../digest.ts";
import type { Host } from "../host/host.ts";
import type { NodePlan } from "../plan/node-plan.ts";
import { resourceId } from "../plan/resource.ts";
import type { Ledger, Original } from "./ledger.ts";
import { restoreFile } from "./restore-file.ts";

/** A file that the ledger knows and the plan does not want. */
export interface Pruning {
  readonly id: string;
  readonly path: string;
  readonly original: Original;
  /** Whether it still is what the agent wrote: another process's content is left alone. */
  readonly isOurs: boolean;
}

const FILE = "file:";

/** Finds the files that the plan decides to be absent. What the plan could not decide is not among them. @throws file-unreadable */
export async function findPrunings(
  host: Host,
  ledger: Ledger,
  { resources, decided }: Pick<NodePlan, "resources" | "decided">,
): Promise<readonly Pruning[]> {
  const wanted = new Set(resources.map(resourceId));
  const found: Pruning[] = [];
  for (const { id, original, wrote = [] } of await ledger.list("ignore")) {
    const path = id.slice(FILE.length);
    if (!id.startsWith(FILE) || wanted.has(id) || !decided.some((place) => isWithin(path, place))) continue;
    const present = await host.files.read(path);
    found.push({ id, path, original, isOurs: present !== undefined && wrote.includes(sha256(present)) });
  }
  return found;
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** Restores what was there; where that is not known, or where another process has written since, the file stays. @throws file-unwritable, disk-full */
export async function prune(host: Host, { path, original, isOurs }: Pruning): Promise<void> {
  if (!isOurs) return;
  if (original.kind === "absent") await host.files.remove(path);
  else await restoreFile(host, path, original);
}
