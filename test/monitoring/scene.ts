// A scene: what is done to a node of the sandbox, and when its /metrics is recorded.
import type { ConditionType } from "../../agent/board/condition-types.ts";
import type { Satellite } from "../e2e/satellite.ts";
import { waitFor } from "../sandbox/wait.ts";

/** Writes the text as `name`, or as one part of several. */
export type Recorder = (part?: number) => Promise<void>;

export interface Scene {
  /** Of the recording. */
  readonly name: string;
  readonly play: (satellite: Satellite, record: Recorder) => Promise<void>;
  readonly tidy?: (satellite: Satellite) => Promise<void>;
}

/** What the daemon says now. @throws Error while it does not answer */
export function readMetrics(satellite: Satellite): Promise<string> {
  return satellite.box("curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:9911/metrics");
}

/** Waits until a condition is false. */
export async function untilFalse(satellite: Satellite, type: ConditionType, deadlineMs = 240_000): Promise<void> {
  const wait = { what: `${type} to be false`, deadlineMs, intervalMs: 500 };
  await waitFor(wait, async () => (await satellite.condition(type)).status === "False");
}

/** Waits until the node does its work, whatever else is false. */
export async function untilReady(satellite: Satellite): Promise<void> {
  await waitFor({ what: "the node to be ready", deadlineMs: 120_000, intervalMs: 500 }, async () => {
    return (await satellite.status()).verdict.ready;
  });
}
