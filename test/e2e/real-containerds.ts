// Every generation of containerd that the agent knows, as a program of its own.
import { join } from "node:path";
import { buildContainerd } from "../sandbox/go-builds.ts";
import { ensureBaseTree } from "../sandbox/machine/base.ts";
import { Progress } from "../sandbox/step.ts";

/** Versions, and the folder of each one's programs: Debian's own, and two that are built once. */
export const CONTAINERDS = {
  "1.6.20": async () => join(await ensureBaseTree(new Progress()), "usr/bin"),
  "1.7.24": () => buildContainerd("1.7.24", new Progress()),
  "2.2.0": () => buildContainerd("2.2.0", new Progress()),
} as const satisfies Readonly<Record<string, () => Promise<string>>>;

export type ContainerdVersion = keyof typeof CONTAINERDS;
