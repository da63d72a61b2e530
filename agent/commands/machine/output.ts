// How the commands of `machine` show prices, times, and words of Lambda's.

import type { Machine, MachineType } from "../../admin/lambda/api.ts";
import { launchedAt } from "../../admin/machine/find-machine.ts";
import { cutText, oneLine } from "../../foreign-text.ts";
import { renderDuration } from "../../time.ts";

const MAX_CELL_LENGTH = 80;

/** A word of another program in one cell of a table. */
export function cell(text: string | undefined): string {
  return text === undefined ? "" : cutText(oneLine(text), MAX_CELL_LENGTH);
}

/** E.g. `0.75`. */
export function renderDollars(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** E.g. `1 × A10 (24 GB PCIe)`; empty where there is none. */
export function renderGpus({ gpus, gpuDescription, description }: MachineType): string {
  return gpus === 0 ? "" : `${gpus} × ${cell(gpuDescription ?? description)}`;
}

/** E.g. `3h`; empty where the launch was not eks-satellite's. */
export function renderSince(machine: Machine, nowMs: number): string {
  const at = launchedAt(machine);
  return at === undefined ? "" : renderDuration(nowMs - at);
}
