// The last check of this machine, kept over restarts: what it found, and what the machine was then.
import * as z from "zod";
import { statePaths } from "../config/paths.ts";
import type { Host } from "../host/host.ts";

const outcomeSchema = z.enum(["ok", "warn", "fail", "pending", "unknown"]);
export type FoundOutcome = z.infer<typeof outcomeSchema>;

/** There are some 50 checks: more findings than these are no check's. */
export const MAX_FINDINGS = 100;
const count = () => z.int().min(0);

/** What a change of makes another check due. */
const machineSchema = z.object({
  /** Of eks-satellite. */
  version: z.string().max(100),
  kernel: z.string().max(200),
  /** NVIDIA's; absent while none is loaded. */
  driver: z.string().max(100).optional(),
});
export type CheckedMachine = Readonly<z.infer<typeof machineSchema>>;

export const findingSchema = z.object({
  name: z.string().max(100),
  outcome: outcomeSchema,
  evidence: z.string(),
  remedy: z.string().optional(),
});
export type CheckFinding = Readonly<z.infer<typeof findingSchema>>;

export const summarySchema = z.object({
  ok: count(),
  warn: count(),
  fail: count(),
  pending: count(),
  unknown: count(),
});
export type CheckSummary = Readonly<z.infer<typeof summarySchema>>;

const recordSchema = z.object({
  /** Milliseconds since the epoch. */
  atMs: z.number(),
  /** The Node's name. */
  node: z.string().max(300),
  machine: machineSchema,
  summary: summarySchema,
  /** Those that are not ok. */
  findings: z.array(findingSchema).max(MAX_FINDINGS),
});
export type CheckRecord = Readonly<z.infer<typeof recordSchema>>;

/** Undefined before the first check. A record that is damaged or cannot be read counts as none: the check is made again. */
export async function readCheckRecord(
  host: Pick<Host, "files">,
  stateFolder: string,
): Promise<CheckRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse((await host.files.read(statePaths(stateFolder).check)) ?? ""));
  } catch {
    return undefined; // StateReadable reports a disk that fails.
  }
}

/** @throws disk-full, file-unwritable */
export async function writeCheckRecord(
  host: Pick<Host, "files">,
  stateFolder: string,
  record: CheckRecord,
): Promise<void> {
  await host.files.write(statePaths(stateFolder).check, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}
