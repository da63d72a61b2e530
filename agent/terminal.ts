// argv → command: what reads arguments and environment, listens to signals and ends the process.
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import { type Command, CommanderError } from "commander";
import { config as configureZod } from "zod";
import type { TerminalContext } from "./commands/context.ts";
import { isColourful, type Paint } from "./commands/paint.ts";
import { EXIT, EXIT_OF_ERROR } from "./commands/program/exit.ts";
import { describe, SatelliteError } from "./errors.ts";
import { withoutControls } from "./foreign-text.ts";
import { honourProxies } from "./host/proxy.ts";
import { createLog } from "./log.ts";

const SAME_SIGNAL_MS = 1000;

/** Creates the command line for what was typed: the words after the program's name. */
type OpenProgram<Context> = (context: Context, argv: readonly string[]) => Command | Promise<Command>;

/** Runs what was typed, and returns the exit code. @param machine what commands get beside the terminal */
export async function runProgram<Machine extends object>(
  machine: Machine,
  open: OpenProgram<Machine & TerminalContext>,
): Promise<number> {
  endWithReader();
  // A process reads most of its files once: zod would compile a parser for each, a third of the time that the configuration takes.
  configureZod({ jitless: true });
  try {
    honourProxies(process.env);
  } catch (error) {
    logError(error); // A daemon that did not start would stop kubelet too.
  }
  const stop = new StopWish();
  const exitCode = await runCommandLine(machine, open, stop);
  if (stop.isAsked) await exitNow(exitCode);
  return exitCode;
}

async function runCommandLine<Machine extends object>(
  machine: Machine,
  open: OpenProgram<Machine & TerminalContext>,
  stop: StopWish,
): Promise<number> {
  const argv = process.argv.slice(2);
  let exitCode = 0;
  const context = createContext(machine, stop, (code) => {
    exitCode = code;
  });
  try {
    const program = await open(context, argv);
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function createContext<Machine extends object>(
  machine: Machine,
  stop: StopWish,
  exitWith: TerminalContext["exitWith"],
): Machine & TerminalContext {
  const hasColours = isColourful(process.env, process.stdout.isTTY === true);
  const paint: Paint = (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text);
  return {
    ...machine,
    environment: process.env,
    print: (text) => void process.stdout.write(withoutControls(text)),
    printError: (text) => void process.stderr.write(withoutControls(text)),
    readInput,
    isTerminal: () => process.stdout.isTTY === true,
    printScreen: (text) => void process.stdout.write(text),
    paint,
    confirm: process.stdin.isTTY ? confirm : undefined,
    get stopSignal() {
      return stop.signal;
    },
    exitWith,
    exitNow,
  };
}

/** Signals are listened to when a command first asks for them: until then, and for all that never do, they end the process as they do by default. */
class StopWish {
  #stop: AbortController | undefined;

  get signal(): AbortSignal {
    if (this.#stop !== undefined) return this.#stop.signal;
    this.#stop = new AbortController();
    for (const name of ["SIGTERM", "SIGINT"] as const) stopOn(name, this.#stop);
    return this.#stop.signal;
  }

  get isAsked(): boolean {
    return this.#stop?.signal.aborted === true;
  }
}

/** The first signal stops a command in order; one that comes later ends the process. timeout(1) sends each twice at once, which is one wish. */
function stopOn(name: NodeJS.Signals, stop: AbortController): void {
  const abort = () => {
    stop.abort();
    setTimeout(() => process.off(name, abort), SAME_SIGNAL_MS).unref();
  };
  process.on(name, abort);
}

/** From now on a reader that goes away ends nothing. */
export function outliveReaders(): void {
  process.stdout.off("error", endCommand);
}

/** A reader that closes a command's output, as head(1) does, has read enough: that is not a failure. */
function endWithReader(): void {
  process.stdout.on("error", endCommand);
  process.stderr.on("error", () => undefined); // There is nowhere left to say it.
}

function endCommand(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit();
  logError(error);
  process.exit(EXIT.failed);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  logError(error);
  const { code } = describe(error);
  return EXIT_OF_ERROR.get(code) ?? (code === "unexpected" ? EXIT.internalError : EXIT.failed);
}

function logError(err: unknown): void {
  const log = createLog({ level: "info", format: "auto" }, (line) => void process.stderr.write(line), process.env);
  const parts = err instanceof SatelliteError ? err.parts : [];
  for (const each of parts.length > 0 ? parts : [err]) log.error({ err: each });
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C, Ctrl-D and an input that ends mean no.
  const answered = terminal.question(withoutControls(question)).catch(() => "");
  const answer = await Promise.race([answered, once(terminal, "close").then(() => "")]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function readInput(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new SatelliteError("input-too-large", `standard input has more than ${maxBytes} bytes`, {
        hint: "Give it the file that is meant.",
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Where Node ends by itself, signals have their default for the last milliseconds, and one that comes twice would end the process after all. */
async function exitNow(exitCode: number): Promise<void> {
  await new Promise((flushed) => process.stdout.write("", flushed));
  process.exit(exitCode);
}
