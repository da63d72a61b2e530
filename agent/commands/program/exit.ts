// Exit codes that every command shares, and the errors that have one of their own.
import { LAUNCH_EXIT } from "../machine/launch-exit.ts";

/** Of every command; usage and internalError are EX_USAGE and EX_SOFTWARE of sysexits(3). */
export const EXIT = { failed: 1, usage: 64, internalError: 70 } as const;

/** Errors that end a command with another code than 1. */
export const EXIT_OF_ERROR: ReadonlyMap<string, number> = new Map([
  ["check-unknown", EXIT.usage],
  ["explain-unknown", EXIT.usage],
  ["lambda-no-capacity", LAUNCH_EXIT.noCapacity],
]);
