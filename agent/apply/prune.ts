// Removing what the configuration wanted once and does not want any more: what stood there before is restored.
import { sha256 } from "../digest.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { NodePlan } from "../plan/node-plan.ts";
import { resourceId } from "../plan/resource.ts";
import type { Ledger, Original } from "./ledger.ts";
import { restoreFile } from "./restore-file.ts";
import { removeTunnelResource } from "./tunnel/removal.ts";

/** A file, or a part of the tunnel, that the ledger knows and the plan does not want. */
export interface Pruning {
  readonly id: string;
  /** Of a file. */
  readonly path: string;
  readonly original: Original;
  /** Whether it still is what the agent wrote: another process's content is left alone. */
  readonly isOurs: boolean;
}

const FILE = "file:";

/** Prunes after each round. */
export class Pruner {
  readonly #host: Host;
  readonly #ledger: Ledger;
  readonly #log: Log;
  /** Places where nothing unwanted is left. */
  readonly #done = new Set<string>();

  constructor(host: Host, ledger: Ledger, log: Log) {
    this.#host = host;
    this.#ledger = ledger;
    this.#log = log;
  }

  /**
   * Once for each place is enough: another configuration is another run of the agent. A place that is not decided yet has its turn later,
   * and so has a tunnel that goes. @throws file-unreadable, file-unwritable, disk-full, tunnel-not-set
   */
  async round({ resources, decided }: Pick<NodePlan, "resources" | "decided">): Promise<void> {
    const wanted = new Set(resources.map(resourceId));
    for (const id of wanted) this.#done.delete(id);
    const places = decided.filter((place) => !this.#done.has(place) && !wanted.has(place));
    if (places.length === 0) return;
    for (const pruning of await findPrunings(this.#host, this.#ledger, { resources, decided: places })) {
      await prune(this.#host, pruning);
      await this.#ledger.forget(pruning.id);
      this.#log.info(
        { resource: pruning.id, isRemoved: pruning.isOurs },
        "pruned: the configuration no longer wants it",
      );
    }
    for (const place of places) this.#done.add(place);
  }
}

/** Finds what the plan decides to be absent. What the plan could not decide is not among them. @throws file-unreadable */
export async function findPrunings(
  host: Host,
  ledger: Ledger,
  { resources, decided }: Pick<NodePlan, "resources" | "decided">,
): Promise<readonly Pruning[]> {
  const wanted = new Set(resources.map(resourceId));
  const found: Pruning[] = [];
  for (const { id, original, wrote } of await ledger.list("ignore")) {
    if (decided.includes(id) && !wanted.has(id)) found.push({ id, path: "", original, isOurs: true });
    const path = id.slice(FILE.length);
    // Of an older version, and no round has found the file as planned since: whose content it is now is not known.
    if (wrote === undefined) continue;
    if (!id.startsWith(FILE) || wanted.has(id) || !decided.some((place) => isWithin(path, place))) continue;
    const present = await host.files.read(path);
    found.push({ id, path, original, isOurs: present !== undefined && wrote.includes(sha256(present)) });
  }
  return found;
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** Restores what was there; where that is not known, or where another process has written since, the file stays. @throws file-unwritable, disk-full, tunnel-not-set */
export async function prune(host: Host, { id, path, original, isOurs }: Pruning): Promise<void> {
  if (!isOurs || (await removeTunnelResource(host, id))) return;
  if (original.kind === "absent") await host.files.remove(path);
  else await restoreFile(host, path, original);
}
