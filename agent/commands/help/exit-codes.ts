// What each exit code means: the codes that every command shares, and those of single commands.
import { CHANGE_EXIT } from "../admin-changes.ts";
import { LAUNCH_EXIT } from "../machine/launch-exit.ts";
import { RESTART_EXIT } from "../machine/restart.ts";
import { TYPES_EXIT } from "../machine/types.ts";
import { PLAN_EXIT } from "../plan.ts";
import { EXIT } from "../program/exit.ts";
import { RESET_EXIT } from "../reset.ts";
import { STATUS_EXIT } from "../status.ts";

type Meanings = Readonly<Record<number, string>>;

export const COMMON_EXIT_CODES: Meanings = {
  0: "done",
  [EXIT.failed]: "an error, with its hint on standard error",
  [EXIT.usage]: "a command, option or check that does not exist",
  [EXIT.internalError]: "a fault of eks-satellite itself",
};

const CHANGES: Meanings = { [CHANGE_EXIT.done]: "done, or nothing to do", [CHANGE_EXIT.refused]: "not confirmed" };

/** What a command adds to the common codes, or says more exactly. */
export const EXIT_CODES: Readonly<Record<string, Meanings>> = {
  plan: {
    [PLAN_EXIT.nothing]: "a round would change nothing",
    [PLAN_EXIT.error]: "the plan has errors",
    [PLAN_EXIT.something]: "a round would change something",
  },
  check: { 0: "no check failed", 1: "at least one check failed" },
  status: {
    [STATUS_EXIT.ready]: "the node is ready",
    [STATUS_EXIT.notReady]: "the node is not ready",
    [STATUS_EXIT.silent]: "the daemon does not answer",
  },
  "config validate": { 0: "it is valid", 1: "it is not valid, or there is none" },
  reset: {
    [RESET_EXIT.done]: "done",
    [RESET_EXIT.left]: "something is left",
    [RESET_EXIT.refused]: "not confirmed",
  },
  authorize: CHANGES,
  revoke: CHANGES,
  "machine launch": {
    [LAUNCH_EXIT.done]: "the Node is Ready, or --wait 0",
    [LAUNCH_EXIT.refused]: "not confirmed, or not Ready in time: the machine is left, and costs",
    [LAUNCH_EXIT.noCapacity]: "no capacity",
  },
  "machine terminate": CHANGES,
  "eni create": CHANGES,
  "eni delete": CHANGES,
  "machine types": {
    [TYPES_EXIT.some]: "there is capacity",
    [TYPES_EXIT.none]: "there is none now of what was asked for",
  },
  "machine restart": {
    [RESTART_EXIT.done]: "it is active again",
    [RESTART_EXIT.unfinished]: "not confirmed, or not active in time",
  },
  "gateway create": CHANGES,
  "gateway check": { 0: "the gateway lacks nothing", 1: "it lacks something, or an error" },
  "gateway delete": CHANGES,
  verify: { 0: "no row failed", 1: "a row failed, it was interrupted, or something is left in the cluster" },
};
