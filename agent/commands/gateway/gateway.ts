// `eks-satellite gateway`: the way from the cluster's network to satellites. An administrator makes it; `run` is the gateway itself.
import type { Command } from "commander";
import type { LaptopContext } from "../context.ts";
import { registerCheck } from "./check.ts";
import { registerCreate } from "./create.ts";
import { registerDelete } from "./delete.ts";
import { gatewayGroup } from "./group.ts";
import { registerList } from "./list.ts";
import { registerRotateKey } from "./rotate-key.ts";

/** Adds an administrator's commands of `gateway`. */
export function register(program: Command, context: LaptopContext): void {
  const gateway = gatewayGroup(program);
  registerCreate(gateway, context);
  registerList(gateway, context);
  registerCheck(gateway, context);
  registerRotateKey(gateway, context);
  registerDelete(gateway, context);
}
