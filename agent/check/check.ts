// What a check is, and how the checks run: in parallel, each bounded in time, and independent of each other.

import type { LocalConfig } from "../config/machine-config.ts";
import type { Config } from "../config/schema.ts";
import { describe, hasCode } from "../errors.ts";
import { optional } from "../optional.ts";
import type { CheckContext } from "./context.ts";

/** `pending` is what the daemon brings when it runs; `unknown` could not be checked. Neither fails a machine. */
export type Outcome = "ok" | "warn" | "fail" | "pending" | "unknown";

export interface Finding {
  readonly outcome: Outcome;
  /** What was found, with its value. */
  readonly evidence: string;
  /** What to do; absent when there is nothing to do. */
  readonly remedy?: string;
}

export interface Check {
  /** Kebab-case, stable: what --only and --skip take. */
  readonly name: string;
  /** What is true when it passes, for the reference page. */
  readonly checks: string;
  /** @throws any error: it becomes a failure with the error's message */
  readonly run: (context: CheckContext) => Promise<Finding>;
}

/** A check that needs the configuration; without one it is unknown. */
export interface ConfiguredCheck {
  readonly name: string;
  readonly checks: string;
  readonly run: (context: CheckContext, config: Config) => Promise<Finding>;
}

/** A check of this machine only; without a configuration it uses the defaults. */
export interface LocalCheck {
  readonly name: string;
  readonly checks: string;
  readonly run: (context: CheckContext, config: LocalConfig) => Promise<Finding>;
}

/** A check with the group that it belongs to. */
export interface GroupedCheck extends Check {
  readonly group: string;
}

export interface NamedFinding extends Finding {
  readonly name: string;
  readonly group: string;
}

const DEADLINE_MS = 8000;

export function ok(evidence: string): Finding {
  return { outcome: "ok", evidence };
}

export function warn(evidence: string, remedy: string): Finding {
  return { outcome: "warn", evidence, remedy };
}

export function fail(evidence: string, remedy: string): Finding {
  return { outcome: "fail", evidence, remedy };
}

/** What a machine lacks before the daemon's first run, and has after it; `how` the daemon brings it. */
export function pending(evidence: string, how: string): Finding {
  return { outcome: "pending", evidence, remedy: `${how}: nothing to do by hand.` };
}

export function unknown(evidence: string, remedy?: string): Finding {
  return { outcome: "unknown", evidence, ...optional({ remedy }) };
}

/** An error as a finding, its hint as the remedy. */
export function failed(error: unknown, outcome: Outcome = "fail"): Finding {
  const { message, hint } = describe(error);
  return { outcome, evidence: message, ...(hint === undefined ? {} : { remedy: hint }) };
}

/** The evidence of every check that cannot be made before there is a configuration: a report says it once. */
export const NEEDS_CONFIGURATION = "needs a valid configuration";

/** Makes a check of one that needs the configuration. */
export function configured({ name, checks, run }: ConfiguredCheck): Check {
  return {
    name,
    checks,
    run: async (context) =>
      context.config === undefined ? unknown(NEEDS_CONFIGURATION) : run(context, context.config),
  };
}

/** Makes a check of one that uses the defaults when there is no configuration. */
export function local({ name, checks, run }: LocalCheck): Check {
  return { name, checks, run: async (context) => run(context, context.local) };
}

/** Runs every check and returns the findings in the checks' order. */
export function runChecks(checks: readonly GroupedCheck[], context: CheckContext): Promise<readonly NamedFinding[]> {
  return Promise.all(
    checks.map(async ({ name, group, run }) => ({ name, group, ...(await bounded(run(context), context)) })),
  );
}

async function bounded(running: Promise<Finding>, { host }: CheckContext): Promise<Finding> {
  const over = new AbortController();
  const late = host.clock.sleep(DEADLINE_MS, over.signal).then(
    () => unknown(`no answer in ${DEADLINE_MS / 1000} s`),
    () => unknown("not waited for"), // The check ended first.
  );
  const finding = await Promise.race([running.catch(thrown), late]);
  over.abort();
  return finding;
}

/** A file that may not be read makes a finding unknown. */
function thrown(error: unknown): Finding {
  return failed(error, hasCode(error, "file-unreadable") ? "unknown" : "fail");
}
