// What containerd says of itself beside whether it is ready: above all what its next version will not have any more.
import * as z from "zod";
import { listRuntimeNews, type RuntimeCondition, readRuntimeConditions } from "../facts/cri.ts";
import { type Check, local, ok, unknown, warn } from "./check.ts";

/** Name of the condition in containerd 1.7 and later. */
const NO_DEPRECATIONS = "ContainerdHasNoDeprecationWarnings";
const MAX_EVIDENCE = 1000;
/** What it says: sentences by their identifiers. */
const deprecationsSchema = z.record(z.string(), z.string());

export const CONTAINERD_WARNINGS_CHECK: Check = local({
  name: "containerd-warnings",
  checks: "containerd warns of nothing, such as settings that its next version will not have",
  run: async ({ host }, { containerd }) => {
    const conditions = await readRuntimeConditions(host, containerd.socket).catch(() => undefined);
    if (conditions === undefined) return unknown("containerd was not asked: see cri");
    const news = listRuntimeNews(conditions);
    if (news.length === 0) return ok("containerd warns of nothing");
    return warn(
      news.map(describeNews).join("; ").slice(0, MAX_EVIDENCE),
      "The node works. Change what it names before containerd's next upgrade: https://containerd.io/releases/#deprecated-features.",
    );
  },
});

function describeNews({ type, reason, message }: RuntimeCondition): string {
  const deprecations = type === NO_DEPRECATIONS ? readDeprecations(message) : undefined;
  if (deprecations === undefined) return `containerd reports ${type} as false: ${reason}: ${message}`;
  const words = Object.entries(deprecations).map(([id, sentence]) => `${id.split("/").at(-1)}: ${sentence}`);
  return `containerd has deprecations: ${words.join("; ")}`;
}

function readDeprecations(message: string): Readonly<Record<string, string>> | undefined {
  try {
    return deprecationsSchema.parse(JSON.parse(message));
  } catch {
    return undefined; // Another containerd may say it in another form: the message as it is.
  }
}
