// The machine that becomes a node, whatever it is made of: what the sandbox and its tests do with it.
import type { Addresses } from "../addresses.ts";

/** How to run a command in the machine. */
export interface CommandOptions {
  /** Given to the command's standard input. */
  readonly input?: string;
  /** A command that takes longer is killed, and fails. */
  readonly timeoutMs?: number;
  /** A failure is reported by `exitCode` alone instead of an error. */
  readonly mayFail?: boolean;
  /** The command shares this process's terminal, and its output is not returned. */
  readonly interactive?: boolean;
}

/** What a command in the machine gave. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** One machine. All of it is addressed from outside: nothing here depends on what it is made of. */
export interface Machine {
  /** Connects the machine with the sandbox's network, under the addresses that are its own; before the first boot. */
  connect(): Promise<void>;
  /** Boots the machine unless it runs, and waits until systemd has reached its default target. */
  boot(): Promise<void>;
  /** Shuts the machine down in order, as `poweroff` does; a machine that takes longer than its time is cut off. */
  powerOff(): Promise<void>;
  /** Takes the machine away at once, as a power cut does: no process in it gets to do anything more. */
  cutPower(): Promise<void>;
  /**
   * Runs a command in the machine as root.
   * @throws Error with the command's output when it fails, unless it may; Error when the machine does not run.
   */
  run(command: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** What runs, in a few words for `status`; undefined while it is off. */
  describe(): Promise<string | undefined>;
  /** SHA-256 of a file in hexadecimal digits; undefined when there is no such file. */
  digest(path: string): Promise<string | undefined>;
  /** Content of a file, whether the machine runs or not; undefined when there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Names in a folder, whether the machine runs or not; none when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Replaces a file in one move, and makes its folder: a program in use cannot be written to, but it can be replaced. */
  write(path: string, content: Buffer | string, mode?: number): Promise<void>;
  /** Removes files and folders. */
  remove(...paths: readonly string[]): Promise<void>;
}

/** Where a machine is: the sandbox's folder and addresses. */
export interface MachinePlace {
  readonly folder: string;
  readonly addresses: Addresses;
}
