// `eks-satellite history`: what happened to this node, from its own record, also when the journal has forgotten and the daemon is down.
import { type Command, InvalidArgumentError } from "commander";
import { readConfigInForce } from "../../config/in-force.ts";
import { localDefaults } from "../../config/machine-config.ts";
import { statePaths } from "../../config/paths.ts";
import { readBoot, readHistory } from "../../history/read.ts";
import { renderHistory } from "../../history/render.ts";
import { renderShown, toTimeline } from "../../history/timeline.ts";
import type { Host } from "../../host/host.ts";
import type { CommandContext, Print } from "../context.ts";
import { configOption, type OutputFormat, outputOption } from "../options.ts";

export interface HistoryOptions {
  readonly config: string;
  readonly output: OutputFormat;
  /** From when on, given the present, milliseconds since the epoch; left out, everything. */
  readonly since?: (nowMs: number) => number;
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Adds `history`. */
export function register(program: Command, { host, print }: CommandContext): void {
  program
    .command("history")
    .description(
      "show what happened to this node: conditions, repairs, restarts, upgrades, starts of the daemon and the machine",
    )
    .addOption(configOption())
    .addOption(outputOption())
    .option(
      "--since <time>",
      "from then on: 30m, 2h, 7d, or a time such as 2026-01-31 03:00 (default: all that is kept)",
      parseSince,
    )
    .action((options: HistoryOptions) => historyCommand(host, options, print));
}

/** Prints the entries, oldest first. @throws file-unreadable */
export async function historyCommand(
  host: Host,
  { config: file, output, since }: HistoryOptions,
  print: Print,
): Promise<void> {
  const { stateFolder } = (await readConfigInForce(host, file)) ?? localDefaults();
  const { entries, unreadable } = await readHistory(host, statePaths(stateFolder));
  const now = host.clock.now();
  const from = since?.(now) ?? Number.NEGATIVE_INFINITY;
  const shown = toTimeline(entries, { at: now, ...(await readBoot(host)) }).filter(({ atMs }) => atMs >= from);
  if (output === "json") print(`${JSON.stringify({ entries: renderShown(shown), unreadable }, undefined, 2)}\n`);
  else if (shown.length === 0)
    print(`nothing is recorded in ${stateFolder}${since === undefined ? "" : " since then"}\n`);
  else print(renderHistory(shown, unreadable));
}

/** Parses a duration back from now, or a moment in this machine's time, or in UTC with a Z. @throws InvalidArgumentError */
export function parseSince(text: string): (nowMs: number) => number {
  const [, digits, unit = ""] = /^(\d{1,6})(s|m|h|d)$/.exec(text.trim()) ?? [];
  if (digits !== undefined) return (nowMs) => nowMs - Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  const moment = /^\d{4}-\d{2}-\d{2}(?:[T ]|$)/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isFinite(moment)) return () => moment;
  throw new InvalidArgumentError("It must be a duration such as 30m, 2h or 7d, or a time such as 2026-01-31 03:00.");
}
