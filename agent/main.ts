// argv → command: the only file that reads arguments and environment, listens to signals and ends the process.
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import { CommanderError } from "commander";
import type { CommandContext } from "./commands/context.ts";
import { EXIT, EXIT_OF_ERROR } from "./commands/program/exit.ts";
import { openProgram } from "./commands/program/open.ts";
import { isColourful, type Paint } from "./commands/status-screen.ts";
import { describe, SatelliteError } from "./errors.ts";
import { withoutControls } from "./foreign-text.ts";
import { createLinuxHost } from "./host/linux-host.ts";
import { createLogOutput, type LogOutput, openJournal } from "./host/log-output.ts";
import { honourProxies } from "./host/proxy.ts";
import { createLog } from "./log.ts";

const UNIT = "eks-satellite.service";
const SAME_SIGNAL_MS = 1000;

async function main(argv: readonly string[]): Promise<number> {
  endWithReader();
  try {
    honourProxies(process.env);
  } catch (error) {
    logError(error); // A daemon that did not start would stop kubelet too.
  }
  let exitCode = 0;
  const context = createContext((code) => {
    exitCode = code;
  });
  try {
    const program = await openProgram(context, argv);
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function createContext(exitWith: CommandContext["exitWith"]): CommandContext {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) stopOn(name, stop);
  const hasColours = isColourful(process.env, process.stdout.isTTY === true);
  const paint: Paint = (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text);
  return {
    host: createLinuxHost(),
    environment: process.env,
    openLog,
    print: (text) => void process.stdout.write(withoutControls(text)),
    printError: (text) => void process.stderr.write(withoutControls(text)),
    readInput,
    isTerminal: () => process.stdout.isTTY === true,
    printScreen: (text) => void process.stdout.write(text),
    paint,
    confirm: process.stdin.isTTY ? confirm : undefined,
    stopSignal: stop.signal,
    exitWith,
    exitNow,
  };
}

/** The first signal stops a command in order; one that comes later ends the process. timeout(1) sends each twice at once, which is one wish. */
function stopOn(name: NodeJS.Signals, stop: AbortController): void {
  const abort = () => {
    stop.abort();
    setTimeout(() => process.off(name, abort), SAME_SIGNAL_MS).unref();
  };
  process.on(name, abort);
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

/** The daemon outlives its log: kubelet ends with it. */
function openLog(): LogOutput {
  process.stdout.off("error", endCommand);
  const isJournal = process.env.JOURNAL_STREAM !== undefined;
  return createLogOutput({ stream: process.stdout, reopen: isJournal ? () => openJournal(UNIT) : undefined });
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

async function exitNow(exitCode: number): Promise<void> {
  await new Promise((flushed) => process.stdout.write("", flushed));
  process.exit(exitCode);
}

process.exitCode = await main(process.argv.slice(2));
