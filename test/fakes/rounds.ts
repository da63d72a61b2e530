// Rounds of convergence on a machine in memory.
import { converge, type Round } from "../../agent/apply/converge.ts";
import { Ledger } from "../../agent/apply/ledger.ts";
import type { Glance } from "../../agent/apply/tunnel/glance.ts";
import { describe } from "../../agent/errors.ts";
import { optional } from "../../agent/optional.ts";
import type { FileResource, Resource } from "../../agent/plan/resource.ts";
import type { MemoryHost } from "./memory-host.ts";
import { createMemoryLog } from "./memory-log.ts";

export const LEDGER = "/var/lib/eks-satellite/ledger";
export const SERVICES = "/var/lib/eks-satellite/services.json";

/** @param glance spares the tunnel's programs */
export function createRounds(host: MemoryHost, glance?: Glance) {
  const { log, lines, messages } = createMemoryLog();
  const ledger = new Ledger(host, LEDGER, log);
  const shared = { host, log, servicesFile: SERVICES, ...optional({ glance }) };
  return {
    log,
    lines,
    messages,
    ledger,
    apply: (...resources: readonly Resource[]): Promise<Round> => converge(resources, { ...shared, ledger }),
    dryRun: (...resources: readonly Resource[]): Promise<Round> =>
      converge(resources, { ...shared, ledger: undefined }),
    /** Entries of the ledger by id. */
    entries: (): Record<string, { original: unknown; changes: number }> =>
      Object.fromEntries(
        host.files
          .paths()
          .filter((path) => path.startsWith(`${LEDGER}/`) && path.endsWith(".json"))
          .map((path) => JSON.parse(host.files.peek(path)?.content ?? ""))
          .map((entry) => [entry.id, entry]),
      ),
  };
}

export function plannedFile(path: string, content: string, changes: Partial<FileResource> = {}): FileResource {
  return { kind: "file", path, content, mode: 0o644, reader: "none", why: "a test", ...changes };
}

/** Codes of a round's failures. */
export function codesOf({ failures }: Round): readonly string[] {
  return failures.map(({ error }) => (error as { code: string }).code);
}

export function actionsOf({ changes }: Round): readonly string[] {
  return changes.map(({ action }) => action);
}

/** The message of a round's first failure. */
export function failureOf({ failures }: Round): string {
  return describe(failures[0]?.error).message;
}
