// What the runner does next about an instance: a decision, of what AWS says of it and of what is there.
import type { InstanceState } from "../vpc/cloud.ts";

/** What is there of an instance. */
export interface Present {
  readonly isRunning: boolean;
  /** A test holds it off. */
  readonly isHeld: boolean;
  readonly hasFiles: boolean;
}

/** `launch` makes it and boots it; `report` says what it has become by itself. */
export type Step =
  | { readonly kind: "launch" | "stop" | "remove" }
  | { readonly kind: "report"; readonly state: InstanceState };

/** The next step, undefined where all is as AWS says. `state` is undefined for what AWS does not know. */
export function nextStep(state: InstanceState | undefined, present: Present): Step | undefined {
  switch (state) {
    case "pending":
      return { kind: "launch" };
    case "running":
      return present.isRunning || present.isHeld ? undefined : { kind: "report", state: "stopped" };
    case "stopping":
      return { kind: "stop" };
    case "stopped":
      return present.isRunning ? { kind: "stop" } : undefined;
    case "shutting-down":
      return { kind: "remove" };
    case "terminated":
    case undefined:
      return present.hasFiles ? { kind: "remove" } : undefined;
  }
}
