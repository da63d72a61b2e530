// Waiting until the fabric is as AWS describes it by now.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { lastLines } from "../process.ts";
import { waitFor } from "../wait.ts";
import type { VpcAddresses } from "./addresses.ts";
import { readCloud } from "./cloud.ts";
import { type FabricProgram, renderProgram } from "./fabric.ts";
import { readLinks } from "./ports.ts";

/** The daemon's name, and so of its log. */
export const fabricDaemon = "vpc-fabric";

/** Where the fabric says what it has applied last. */
export function appliedPath(folder: string): string {
  return join(folder, "run", "vpc-fabric.applied");
}

export function digestOf({ fabric, control, filter }: FabricProgram): string {
  const text = JSON.stringify([...fabric, ...control, filter]);
  return createHash("sha256").update(text).digest("hex");
}

/** Returns once routes and filters follow from what AWS says now. @throws Error with the fabric's last lines after 10 s */
export async function settle(folder: string, vpc: VpcAddresses): Promise<void> {
  const explain = () => lastLines(folder, fabricDaemon);
  await waitFor({ what: "the VPC's fabric to settle", deadlineMs: 10_000, intervalMs: 20, explain }, async () => {
    const program = renderProgram(await readCloud(folder), await readLinks(vpc.fabricNamespace), vpc);
    return (await readFile(appliedPath(folder), "utf8")) === digestOf(program);
  });
}
