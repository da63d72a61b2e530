// The commands that a node's machine, or a gateway's instance, runs. Of `run` there are the words alone: the daemon has a file of its own.
import { register as registerBundle } from "../bundle.ts";
import { register as registerCheck } from "../check.ts";
import { register as registerConfig } from "../config/config.ts";
import { register as registerConfigure } from "../configure.ts";
import type { CommandContext } from "../context.ts";
import { register as registerExplain } from "../explain/explain.ts";
import { registerRun as registerGatewayRun } from "../gateway/run.ts";
import { register as registerHistory } from "../history/history.ts";
import { register as registerInventory } from "../inventory/inventory.ts";
import { register as registerPlan } from "../plan.ts";
import type { Register } from "../program.ts";
import { register as registerReset } from "../reset.ts";
import { register as registerStatus } from "../status.ts";
import { register as registerTunnelKey } from "../tunnel-key/tunnel-key.ts";
import { registerRunWords } from "./run-words.ts";
import { register as registerVersion } from "./version.ts";

/** In the order of `--help`, before an administrator's. */
const FIRST: readonly Register<CommandContext>[] = [
  registerRunWords,
  registerPlan,
  registerCheck,
  registerStatus,
  registerHistory,
  registerExplain,
  registerBundle,
  registerInventory,
  registerConfigure,
  registerConfig,
  registerReset,
  registerTunnelKey,
];

/** After them. */
const LAST: readonly Register<CommandContext>[] = [registerGatewayRun, registerVersion];

/** All commands, of which others may stand between this machine's. */
export function withLocal(others: readonly Register<CommandContext>[]): readonly Register<CommandContext>[] {
  return [...FIRST, ...others, ...LAST];
}
