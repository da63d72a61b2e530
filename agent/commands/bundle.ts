// `eks-satellite bundle`: one archive with everything that a bug report needs, and without secrets.
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { collectItems, type Item } from "../bundle/collect.ts";
import { readKnownSecrets } from "../bundle/known-secrets.ts";
import { healthUrl } from "../config/health-schema.ts";
import { readConfigInForce } from "../config/in-force.ts";
import { type LocalConfig, localDefaults } from "../config/machine-config.ts";
import { describe, SatelliteError } from "../errors.ts";
import type { Aws } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";
import { createRedactor, type Redactor } from "../redact/redactor.ts";
import { VERSION } from "../version.ts";
import { checkCommand } from "./check.ts";
import type { CommandContext, Print } from "./context.ts";
import { historyCommand } from "./history/history.ts";
import { inventoryCommand } from "./inventory/inventory.ts";
import { configOption, type OutputFormat } from "./options.ts";
import { planCommand } from "./plan.ts";
import { statusCommand } from "./status.ts";

export interface BundleOptions {
  readonly config: string;
  /** Path of the archive; by default a name with node and time, in the current folder. */
  readonly output?: string;
  /** Start of the journal, in the format of journalctl's --since. */
  readonly since: string;
  /** Leaves out the lines that may quote pods. */
  readonly withoutPodLogs?: boolean;
}

export interface BundleContext {
  readonly host: Host;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts this program again, to read the hardware. */
  readonly program?: readonly string[];
  readonly aws?: Aws;
  /** Read when the staging folder is made: until then a signal ends the command at once, and has nothing to remove. */
  readonly signals?: Pick<CommandContext, "stopSignal">;
}

/** Of a longer text the end is kept: it says more than the beginning of a log. */
const MAX_ITEM_LENGTH = 8 * 2 ** 20;
const TAR_TIMEOUT_SECONDS = 120;
const ITEM_DEADLINE_MS = 30_000;
/** Not beside the archive: its folder may be another user's, who could put links into the way. */
const STAGING_PARENT = "/var/tmp";

/** Adds `bundle`. */
export function register(program: Command, context: CommandContext): void {
  const { host, environment, program: self, print, exitNow } = context;
  program
    .command("bundle")
    .description("write an archive for a bug report, without secrets: status, check, plan, configuration, journal")
    .addOption(configOption())
    .option("--output <file>", "path of the archive (default: a name with node and time, in the current folder)")
    .option("--since <time>", "start of the journal, in journalctl's format", "24 hours ago")
    .option("--without-pod-logs", "leave out what kubelet and containerd log, which may quote pods", false)
    .action(async (options: BundleOptions) => {
      await bundleCommand({ host, environment, program: self, signals: context }, options, print);
      await exitNow(0);
    });
}

/** Writes the archive and prints its path. @throws not-root, bundle-failed, file-exists, file-unwritable, disk-full */
export async function bundleCommand(context: BundleContext, options: BundleOptions, print: Print): Promise<void> {
  const { host } = context;
  if (host.userId !== 0) {
    throw new SatelliteError("not-root", `eks-satellite bundle needs root, and runs as user ${host.userId}`, {
      hint: "sudo eks-satellite bundle: the journal and most of what it collects is readable by root only.",
    });
  }
  const config = await readConfigInForce(host, options.config);
  const local = config ?? localDefaults();
  const redactor = createRedactor(await readKnownSecrets(host, local, config));
  const name = `eks-satellite-${config?.node.name ?? host.hostname.toLowerCase()}-${timestamp(host.clock.now())}`;
  const output = resolve(options.output ?? `${name}.tar.gz`);
  const items = [
    ...ownItems(context, options, local),
    ...collectItems({ host, local, configFile: options.config, redactor, ...journalOptions(options) }),
  ];
  const texts = await Promise.all(items.map((item) => readItem(host, item, redactor)));
  await archive(context, output, name, [
    { path: "README.txt", text: renderReadme(host, items, redactor) },
    ...items.map(({ path }, index) => ({ path, text: texts[index] ?? "" })),
  ]);
  print(
    `${output}: ${items.length + 1} files, ${redactor.count} secrets removed. Read through it before you send it: tar -tzf, README.txt.\n`,
  );
}

function journalOptions({ since, withoutPodLogs = false }: BundleOptions) {
  return { since, withoutPodLogs };
}

/** The output of our own commands. */
function ownItems(
  { host, environment, program, aws }: BundleContext,
  { config: file }: BundleOptions,
  local: LocalConfig,
): readonly Item[] {
  const paint = (_style: unknown, text: string) => text;
  const status = (output: OutputFormat) => () =>
    capture((print) =>
      statusCommand(host, { config: file, output, watch: false, paint }, print, AbortSignal.timeout(ITEM_DEADLINE_MS)),
    );
  const checkContext = { host, environment, ...optional({ aws, program }) };
  const check = () =>
    capture((print) => checkCommand(checkContext, { config: file, output: "text", only: [], skip: [] }, print));
  const metrics = healthUrl(local.health, "/metrics");
  return [
    { path: "status.txt", what: "eks-satellite status", read: status("text") },
    { path: "status.json", what: "eks-satellite status --output json", read: status("json") },
    {
      path: "history.txt",
      what: "eks-satellite history",
      read: () => capture((print) => historyCommand(host, { config: file, output: "text" }, print)),
    },
    { path: "check.txt", what: "eks-satellite check", read: check },
    {
      path: "plan.txt",
      what: "eks-satellite plan",
      read: () => capture((print) => planCommand(host, { config: file, diff: false, output: "text" }, print)),
    },
    {
      path: "machine/hardware.txt",
      what: "eks-satellite inventory, without serial numbers and addresses",
      read: () => capture((print) => inventoryCommand({ host, program: program ?? [] }, { output: "text" }, print)),
    },
    {
      path: "metrics.txt",
      what: "/metrics",
      read: async () => (await host.fetch({ url: metrics, timeoutSeconds: 5 })).body,
    },
  ];
}

async function capture(run: (print: Print) => Promise<unknown>): Promise<string> {
  const parts: string[] = [];
  await run((text) => void parts.push(text));
  return parts.join("");
}

/** Reads an item. An item that cannot be read says so in its place, and the others are kept. */
async function readItem(host: Host, { path, read }: Item, redactor: Redactor): Promise<string> {
  const over = new AbortController();
  const late = host.clock.sleep(ITEM_DEADLINE_MS, over.signal).then(
    () => `not collected: no answer in ${ITEM_DEADLINE_MS / 1000} s`,
    () => "", // The item came first.
  );
  const text = await Promise.race([
    read().catch((error: unknown) => {
      const { message, hint } = describe(error);
      return `not collected: ${message}${hint === undefined ? "" : ` → ${hint}`}`;
    }),
    late,
  ]);
  over.abort();
  // A secret across the cut would be found no more.
  const safe = path.endsWith(".json") ? redactJson(text, redactor) : redactor.text(text);
  const left = safe.length - MAX_ITEM_LENGTH;
  const kept = left <= 0 ? safe : `(the first ${left} characters are left out)\n${safe.slice(-MAX_ITEM_LENGTH)}`;
  return `${kept.trimEnd()}\n`;
}

/** A document is one long line, of which only the beginning would be kept. */
function redactJson(text: string, redactor: Redactor): string {
  try {
    return JSON.stringify(redactor.tree(JSON.parse(text)), undefined, 2);
  } catch {
    return redactor.text(text); // It says why there is no document.
  }
}

/** Writes the archive under a name that is not taken, readable by its owner only, and removes the staging folder. */
async function archive(
  { host, signals }: BundleContext,
  output: string,
  name: string,
  documents: readonly { readonly path: string; readonly text: string }[],
): Promise<void> {
  const folder = dirname(output);
  const { files } = host;
  if ((await files.status(folder))?.kind !== "folder") {
    throw new SatelliteError("bundle-failed", `there is no folder ${folder} for the archive`, {
      hint: "Give a folder that exists with --output.",
    });
  }
  const signal = signals?.stopSignal;
  const staging = await files.makeTemporaryFolder(STAGING_PARENT);
  try {
    for (const { path, text } of documents) await files.write(`${staging}/${name}/${path}`, text, { mode: 0o600 });
    const tar = ["--create", "--gzip", `--file=${staging}/archive`, `--directory=${staging}`, "--sort=name"];
    const owner = ["--owner=root:0", "--group=root:0"];
    const { exitCode, stderr } = await host.run("tar", [...tar, ...owner, name], {
      timeoutSeconds: TAR_TIMEOUT_SECONDS,
      ...optional({ signal }),
    });
    if (signal?.aborted === true)
      throw new SatelliteError("interrupted", `interrupted before ${output} was written`, {
        hint: "Run it again: nothing of it is left.",
      });
    if (exitCode !== 0) {
      throw new SatelliteError("bundle-failed", `tar exited with ${exitCode}: ${stderr}`, {
        hint: `Check free space and permissions in ${STAGING_PARENT} and ${folder}, or give another path with --output.`,
      });
    }
    await files.setMode(`${staging}/archive`, 0o600);
    await files.copyToNew(`${staging}/archive`, output);
  } finally {
    await files.removeTree(staging);
  }
}

function renderReadme(host: Host, items: readonly Item[], redactor: Redactor): string {
  const width = Math.max(...items.map(({ path }) => path.length));
  return `A bundle of eks-satellite ${VERSION}, made at ${new Date(host.clock.now()).toISOString()}.

Secrets of this machine, in every spelling, and texts that look like secrets were removed ${redactor.count} times.
[redacted: ...] stands in their place. Names, addresses, ARNs and file names are kept, because a fault is about them.
Read through the bundle before you send it.

${items.map(({ path, what }) => `${path.padEnd(width)}  ${what}`).join("\n")}
`;
}

/** Renders a time as 20260102T030405Z. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}
