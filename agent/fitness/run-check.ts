// `eks-satellite check` as a child: what it loads, and what hangs in it, ends with it and not in the daemon.
import * as z from "zod";
import { SatelliteError } from "../errors.ts";
import { cutText, oneLine, parseJson, withoutControls } from "../foreign-text.ts";
import type { Host } from "../host/host.ts";
import { type CheckFinding, type CheckSummary, findingSchema, MAX_FINDINGS, summarySchema } from "./record.ts";

export interface CheckRun {
  readonly host: Host;
  /** Starts this program: its interpreter with arguments, and its file. */
  readonly program: readonly string[];
  readonly configFile: string;
  readonly signal: AbortSignal;
}

export interface CheckResult {
  readonly summary: CheckSummary;
  /** Those that are not ok. */
  readonly findings: readonly CheckFinding[];
}

/** Each check ends by itself within 8 s, and they run side by side. */
const DEADLINE_SECONDS = 60;
const MAX_TEXT = 300;

const outputSchema = z.object({ checks: z.array(findingSchema).max(MAX_FINDINGS), summary: summarySchema });

/** Runs every check. @throws check-output-invalid, command-timeout and what else {@link Host.run} throws */
export async function runCheck({ host, program, configFile, signal }: CheckRun): Promise<CheckResult> {
  const [command = "", ...first] = program;
  // The inventory is for people, and would start four more processes.
  const args = [...first, "check", "--skip", "hardware", "--output", "json", "--config", configFile];
  const { exitCode, stdout, stderr } = await host.run(command, args, { timeoutSeconds: DEADLINE_SECONDS, signal });
  signal.throwIfAborted();
  const parsed = outputSchema.safeParse(parseJson(stdout));
  if (!parsed.success) {
    const words = cutText(oneLine(withoutControls(stderr.trim() || stdout.trim())), MAX_TEXT);
    throw new SatelliteError(
      "check-output-invalid",
      `eks-satellite check exited with ${exitCode}: ${words || "nothing"}`,
      {
        hint: "Run it by hand: sudo eks-satellite check.",
      },
    );
  }
  const { checks, summary } = parsed.data;
  return { summary, findings: checks.filter(({ outcome }) => outcome !== "ok").map(cutFinding) };
}

/** A finding may quote what a server or a pod wrote. */
function cutFinding({ name, outcome, evidence, remedy }: CheckFinding): CheckFinding {
  const cut = (text: string) => cutText(oneLine(withoutControls(text)), MAX_TEXT);
  return { name, outcome, evidence: cut(evidence), ...(remedy === undefined ? {} : { remedy: cut(remedy) }) };
}
