// The Node itself, as the API server has it.
import { ok, type Result, warn } from "./row.ts";
import { onMachine, type Subject } from "./subject.ts";

/** Whether it is Ready and takes pods. */
export function judgeNode({ node, nodeName }: Subject): Result {
  const { status, reason, message } = node.ready;
  if (status !== "True")
    return {
      outcome: "fail",
      code: "node-not-ready",
      message: `the Node is not Ready: ${reason}: ${message}`,
      hint: `${onMachine({ nodeName }, "NodeReady")}, or what keeps it from it.`,
    };
  if (node.isUnschedulable)
    return warn(
      "node-cordoned",
      "the Node is Ready, and cordoned: the scheduler gives it no pods",
      `kubectl uncordon ${nodeName}, once the reason is gone.`,
    );
  return ok("the Node is Ready");
}
