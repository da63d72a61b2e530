// `eks-satellite reset`: out of the cluster, and the machine as it was.

import { readCachedCluster } from "../aws/cluster.ts";
import { readConfigInForce } from "../config/load.ts";
import { type LocalConfig, localDefaults } from "../config/machine-config.ts";
import { runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { describe, SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { createLog } from "../log.ts";
import type { Access } from "../reset/drain.ts";
import type { Step } from "../reset/step.ts";
import { createSteps } from "../reset/steps.ts";

export interface ResetOptions {
  readonly config: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** Remove /etc/eks-satellite too. */
  readonly purge: boolean;
  /** How long evicted pods may take to go. */
  readonly drainSeconds: number;
}

export interface ResetContext {
  readonly host: Host;
  /** Asks a person; undefined when there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  /** The script of a package runs this, and dpkg waits for it. */
  readonly isWithinDpkg: boolean;
}

/** Exit codes: 0 the machine is as it was, 1 something is left, 2 not confirmed. */
export const RESET_EXIT = { done: 0, left: 1, refused: 2 } as const;

/** Does each step and says how it went; broken off anywhere, it can be run again. @throws not-root, confirmation-missing */
export async function resetCommand(
  { host, confirm, isWithinDpkg }: ResetContext,
  options: ResetOptions,
  print: (text: string) => void,
): Promise<number> {
  if (host.userId !== 0) {
    throw new SatelliteError("not-root", `eks-satellite reset needs root, and runs as user ${host.userId}`, {
      hint: "sudo eks-satellite reset.",
    });
  }
  const config = await readConfigInForce(host, options.config);
  const local: LocalConfig = config ?? localDefaults();
  const log = createLog({ level: "warn", format: "text" }, print);
  const access = config === undefined ? undefined : await findAccess(host, config);
  const shared = { host, log, config: local, access, isWithinDpkg };
  const steps = createSteps({ ...shared, drainSeconds: options.drainSeconds, isPurge: options.purge });
  if (options.dryRun || !options.yes) await printPlan(steps, print);
  if (options.dryRun) return RESET_EXIT.done;
  if (!options.yes) {
    if (confirm === undefined) {
      throw new SatelliteError("confirmation-missing", "nobody is there to be asked", {
        hint: "eks-satellite reset --dry-run shows what would be done, --yes does it.",
      });
    }
    if (!(await confirm("Do all of this? [y/N] "))) return RESET_EXIT.refused;
  }
  return runSteps(steps, print);
}

async function printPlan(steps: readonly Step[], print: (text: string) => void): Promise<void> {
  for (const { name, list } of steps) {
    const lines = await list().catch((error: unknown) => [`not known: ${describe(error).message}`]);
    print(lines.length === 0 ? `${name}: nothing\n` : `${name}:\n${lines.map((line) => `  ${line}\n`).join("")}`);
  }
}

/** A step that fails is the last: the next would take away what a second run needs, or what a kubelet that lives on does. */
async function runSteps(steps: readonly Step[], print: (text: string) => void): Promise<number> {
  for (const { name, run } of steps) {
    if (await isDone(name, run, print)) continue;
    print("Stopped there. What is to be put back is still known: mend that, and run reset again.\n");
    return RESET_EXIT.left;
  }
  print(
    "The machine is as it was. Images that kubelet pulled, and kernel modules that were loaded, are still there.\n",
  );
  return RESET_EXIT.done;
}

async function isDone(name: string, run: Step["run"], print: (text: string) => void): Promise<boolean> {
  try {
    const left = await run();
    print(`✓ ${name}\n${left.map((line) => `  ${line}\n`).join("")}`);
    return true;
  } catch (error) {
    const { message, hint } = describe(error);
    print(`✗ ${name}: ${message}\n${hint === undefined ? "" : `  → ${hint}\n`}`);
    return false;
  }
}

/** The last token and the last good facts of the cluster; without them nobody is asked. */
async function findAccess(host: Host, config: Config): Promise<Access | undefined> {
  const token = (await host.files.read(runPaths(config.runFolder).kubeletToken))?.trim();
  const cluster = await readCachedCluster(host, statePaths(config.stateFolder).cluster, config.cluster);
  return token === undefined || cluster === undefined ? undefined : { host, cluster, token, node: config.node.name };
}
