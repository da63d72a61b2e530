// What an administrator makes of an Xid, where that is less than NVIDIA's catalogue does: on some machines an Xid is known, and no fault.
import type { KernelGpuLine } from "./xid.ts";

/** By the number of the Xid: `ignore` counts it alone, `warn` also logs a warning. */
export type XidPolicy = Readonly<Record<string, "ignore" | "warn">>;

/** The line as the policy has it: an Xid that is named asks for nothing. NVSwitches' SXids have numbers of their own. */
export function applyPolicy(line: KernelGpuLine, policy: XidPolicy): KernelGpuLine {
  if (line.kind !== "xid" || line.isSwitch === true || policy[line.xid] === undefined) return line;
  return { ...line, action: "none" };
}
