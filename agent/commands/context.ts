// What a command is given: the machine, the user's terminal, and the ways to end the process.
import type { Host } from "../host/host.ts";
import type { LaptopHost } from "../host/laptop/types.ts";
import type { LogOutput } from "../host/log-output.ts";
import type { Paint } from "./paint.ts";

/** Asks the user a yes-or-no question. */
export type Confirm = (question: string) => Promise<boolean>;

/** Writes text to standard output. */
export type Print = (text: string) => void;

/** The user's terminal, and the ways to end the process. */
export interface TerminalContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Removes terminal sequences: a pod or a file may have written a part of the text. */
  readonly print: Print;
  /** Writes to standard error, likewise: what is no part of a result. */
  readonly printError: Print;
  /** Whether standard output is a terminal, which others may see and which may be recorded. */
  readonly isTerminal: () => boolean;
  /** Standard input to its end. @throws input-too-large, when it has more than `maxBytes` */
  readonly readInput: (maxBytes: number) => Promise<string>;
  /** Writes a screen with its colours; the words of others in it have lost theirs. */
  readonly printScreen: Print;
  /** Colours a text where standard output is a terminal that shows colours. */
  readonly paint: Paint;
  /** Undefined when standard input is not a terminal. */
  readonly confirm: Confirm | undefined;
  /** Aborted by SIGTERM and SIGINT, which end a command at once that never reads it. */
  readonly stopSignal: AbortSignal;
  /** Sets the exit code of the process, which ends when nothing is left to do. */
  readonly exitWith: (exitCode: number) => void;
  /** Ends the process as soon as its output is written: a call that was abandoned could keep it alive for a minute. */
  readonly exitNow: (exitCode: number) => Promise<void>;
}

/** What a command is given that runs on any computer. Commands read it only when they run. */
export interface LaptopContext extends TerminalContext {
  readonly host: LaptopHost;
}

/** What a command is given on a node's machine. */
export interface CommandContext extends LaptopContext {
  readonly host: Host;
  /** Starts this program again: its interpreter with arguments, and its file. */
  readonly program: readonly string[];
  /** Begins the daemon's log on standard output; from then on a reader that goes away ends nothing. */
  readonly openLog: () => LogOutput;
}
