// The rounds, and what they made of the machine, as /status and /metrics show them.
import { type Family, family } from "../board/metric-family.ts";
import type { NodeFacts } from "../facts/node-facts.ts";
import { optional } from "../optional.ts";
import { isoTime } from "../time.ts";
import type { ResourceChanges } from "./change-counters.ts";

export interface ConvergerFigures {
  readonly facts: NodeFacts | undefined;
  readonly figures: {
    readonly rounds: number;
    readonly outcomes: Readonly<Record<string, number>>;
    readonly changes: number;
    readonly repairs: number;
    readonly lastRoundMs: number;
  };
  readonly work: ReadonlyMap<string, ResourceChanges>;
  readonly files: readonly {
    readonly path: string;
    readonly mode: number;
    /** Undefined for a file that may hold secrets: a digest tells whether a guess is right. */
    readonly sha256: string | undefined;
    readonly work: ResourceChanges | undefined;
  }[];
}

export function convergerStatus({ facts, figures, files }: ConvergerFigures) {
  const { outcomes: _, ...converge } = figures;
  const { architecture, operatingSystem, kernel } = facts?.machine ?? {};
  return {
    node: { architecture, operatingSystem, kernel },
    kubelet: { version: facts?.kubeletVersion },
    containerd: { version: facts?.containerd?.version },
    converge,
    files: files.map(renderFile),
  };
}

function renderFile({ path, sha256, mode, work }: ConvergerFigures["files"][number]) {
  return {
    path,
    ...optional({ sha256 }),
    mode: mode.toString(8).padStart(4, "0"),
    changes: work?.changes ?? 0,
    lastChangedAt: isoTime(work?.lastChangedAtMs),
    repairs: work?.repairs ?? 0,
    lastRepairAt: isoTime(work?.lastRepairAtMs),
  };
}

export function convergerMetrics(converger: ConvergerFigures): readonly Family[] {
  return [
    family("counter", "converge_rounds_total", "Rounds of comparison, by outcome.", () =>
      Object.entries(converger.figures.outcomes).map(([outcome, value]) => ({ value, labels: { outcome } })),
    ),
    family("gauge", "converge_last_round_seconds", "Duration of the last round.", () => [
      { value: converger.figures.lastRoundMs / 1000 },
    ]),
    family("counter", "changes_total", "Changes made to the machine, by resource.", () =>
      [...converger.work].map(([resource, { changes }]) => ({ value: changes, labels: { resource } })),
    ),
    family("counter", "repairs_total", "Changes of other processes that were undone, by resource.", () =>
      [...converger.work].map(([resource, { repairs }]) => ({ value: repairs, labels: { resource } })),
    ),
    family("gauge", "kubelet_info", "Version of the kubelet that is installed; always 1.", () => {
      const version = converger.facts?.kubeletVersion;
      return version === undefined ? [] : [{ value: 1, labels: { version } }];
    }),
  ];
}
