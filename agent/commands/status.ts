// `eks-satellite status`: one screen from the daemon's /status, or from systemd and the journal when the daemon does not answer.
import type { Command } from "commander";
import { healthUrl } from "../config/health-schema.ts";
import { readConfigInForce } from "../config/in-force.ts";
import { loadConfig } from "../config/load.ts";
import { localDefaults } from "../config/machine-config.ts";
import { describe, hasCode, SatelliteError } from "../errors.ts";
import { oneLine, parseJson, withoutControls } from "../foreign-text.ts";
import { STATUS_SCHEMA_VERSION, type StatusDocument, statusSchema } from "../health/status-schema.ts";
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";
import type { CommandContext, Print } from "./context.ts";
import { configOption, type OutputFormat, outputOption } from "./options.ts";
import type { Paint } from "./paint.ts";
import { NO_SYSTEMD, NOT_INSTALLED, renderSilence, renderStatus, type Silence } from "./status-screen.ts";

export interface StatusOptions {
  readonly config: string;
  readonly output: OutputFormat;
  readonly watch: boolean;
  readonly paint: Paint;
}

/** Exit codes: 0 the node is ready, 1 it is not, 3 the daemon does not answer. */
export const STATUS_EXIT = { ready: 0, notReady: 1, silent: 3 } as const;

const WATCH_MS = 2000;
const TIMEOUT_SECONDS = 5;
/** ECMA-48's: cursor home, erase to the end of the line, erase below; and the private mode 2026, in which a terminal shows a frame at once. */
const FRAME = { begin: "\u001b[?2026h\u001b[H", endOfLine: "\u001b[K", end: "\u001b[J\u001b[?2026l" } as const;

/** Draws a screen over the one before, which is never blank in between: that would flicker. */
function drawOver(text: string): string {
  return `${FRAME.begin}${text.replaceAll("\n", `${FRAME.endOfLine}\n`)}${FRAME.end}`;
}

/** Adds `status`. */
export function register(program: Command, context: CommandContext): void {
  const { host, printScreen, paint, exitWith } = context;
  program
    .command("status")
    .description("show how the node is and what to do next; exit 0 ready, 1 not ready, 3 the daemon does not answer")
    .addOption(configOption())
    .addOption(outputOption())
    .option("--watch", "redraw the screen every 2 s", false)
    .action(async (options: Omit<StatusOptions, "paint">) => {
      exitWith(
        await statusCommand(host, { ...options, paint }, printScreen, options.watch ? context.stopSignal : undefined),
      );
    });
}

/** Prints the screen, again and again with `watch`, and returns the exit code of the last one. @throws status-newer, status-unreadable */
export async function statusCommand(
  host: Host,
  options: StatusOptions,
  print: Print,
  signal: AbortSignal | undefined,
): Promise<number> {
  for (;;) {
    const { text, exitCode } = await readScreen(host, options);
    print(options.watch ? drawOver(text) : text);
    if (!options.watch) return exitCode;
    const isOver = await host.clock.sleep(WATCH_MS, signal).then(
      () => false,
      () => true, // Interrupted: the last screen stays.
    );
    if (isOver) return exitCode;
  }
}

async function readScreen(host: Host, options: StatusOptions): Promise<{ text: string; exitCode: number }> {
  const config = await readConfigInForce(host, options.config);
  const url = healthUrl((config ?? localDefaults()).health, "/status");
  const answer = await host.fetch({ url, timeoutSeconds: TIMEOUT_SECONDS }).catch(() => undefined); // Reported below, with what systemd knows.
  if (answer?.status !== 200) {
    const silence = {
      ...(await readSilence(host, url)),
      ...optional({ config: await findConfigProblem(host, options) }),
    };
    const text =
      options.output === "json" ? `${JSON.stringify(silence, undefined, 2)}\n` : renderSilence(silence, options.paint);
    return { text, exitCode: STATUS_EXIT.silent };
  }
  const document = parseStatus(url, answer.body);
  const exitCode = document.verdict.ready ? STATUS_EXIT.ready : STATUS_EXIT.notReady;
  if (options.output === "json") return { text: withoutControls(answer.body), exitCode };
  return { text: renderStatus(document, host.clock.now(), options.paint), exitCode };
}

/** A file that is not the daemon's would be passed over in silence otherwise. A user who may not read it learns nothing new by that. */
async function findConfigProblem(host: Host, { config }: StatusOptions): Promise<string | undefined> {
  const error = await loadConfig(host, config).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error === undefined || hasCode(error, "file-unreadable")) return undefined;
  return `${describe(error).message}; the address is that of the last good configuration, or the default`;
}

function parseStatus(url: string, body: string): StatusDocument {
  const parsed = statusSchema.safeParse(parseJson(body, clean));
  if (parsed.success) return parsed.data;
  const { schemaVersion } = (parseJson(body) ?? {}) as { schemaVersion?: unknown };
  if (typeof schemaVersion === "number" && schemaVersion !== STATUS_SCHEMA_VERSION) {
    throw new SatelliteError(
      "status-newer",
      `the daemon's /status has version ${schemaVersion}, this program reads ${STATUS_SCHEMA_VERSION}`,
      {
        hint: "Use the eks-satellite that the daemon runs, or --output json.",
      },
    );
  }
  throw new SatelliteError("status-unreadable", `${url} did not answer with a status: ${body.slice(0, 100)}`, {
    hint: "Another program may listen on that port: see health.port, and ss -ltnp.",
    cause: parsed.error,
  });
}

const UNIT = "eks-satellite.service";

async function readSilence(host: Host, url: string): Promise<Silence> {
  const properties = ["ActiveState", "SubState", "Result", "NRestarts", "LoadState"].flatMap((name) => ["-p", name]);
  const [shown, journal] = await Promise.all([
    readLines(host, "systemctl", ["show", UNIT, ...properties]),
    readLines(host, "journalctl", ["-u", UNIT, "-p", "warning", "-n", "5", "-o", "cat", "--no-pager"]),
  ]);
  const of = Object.fromEntries(shown.map((line) => line.split("=", 2) as [string, string]));
  const unit =
    of.LoadState === undefined
      ? NO_SYSTEMD
      : of.LoadState === "not-found"
        ? NOT_INSTALLED
        : `${of.ActiveState ?? "unknown"} (${of.SubState ?? "?"}, result ${of.Result ?? "?"}), ${of.NRestarts ?? "?"} restarts`;
  return { url, unit, isActive: of.ActiveState === "active" || of.ActiveState === "activating", journal };
}

async function readLines(host: Host, command: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await host.run(command, args, { timeoutSeconds: 10 }).catch(() => ({ stdout: "" })); // Without systemd these lines stay empty.
  const lines = withoutControls(stdout).split("\n");
  return lines.filter((line) => line.trim() !== "" && !line.startsWith("-- "));
}

/** A message of several lines, or one that moves the cursor, could pass for a screen of ours. */
function clean(_key: string, value: unknown): unknown {
  return typeof value === "string" ? oneLine(withoutControls(value)) : value;
}
