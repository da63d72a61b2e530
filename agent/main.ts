// argv → command; the only exit and the only signal handler.
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import { Command, CommanderError, Option } from "commander";
import { addAdminCommands } from "./commands/admin-commands.ts";
import { type BundleOptions, bundleCommand } from "./commands/bundle.ts";
import { type CheckOptions, checkCommand } from "./commands/check.ts";
import { type ConfigureOptions, configureCommand } from "./commands/configure.ts";
import { addEniCommands } from "./commands/eni-commands.ts";
import { planCommand } from "./commands/plan.ts";
import { type ResetOptions, resetCommand } from "./commands/reset.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import type { Paint } from "./commands/status-screen.ts";
import { DEFAULT_CONFIG_PATH } from "./config/load.ts";
import { NODE_IDENTITIES } from "./config/node-schema.ts";
import { describe, hasCode } from "./errors.ts";
import { createLinuxHost } from "./host/linux-host.ts";
import { honourProxies } from "./host/proxy.ts";
import { createLog, LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "./log.ts";
import { VERSION } from "./version.ts";

/** sysexits(3) EX_USAGE. */
const EXIT_USAGE = 64;

async function main(argv: readonly string[]): Promise<number> {
  const host = createLinuxHost();
  const write = (line: string) => void process.stdout.write(line);
  // Whoever reads us has seen enough, as head(1) does: that is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  const complain = (err: unknown) =>
    createLog({ level: "info", format: "auto" }, (line) => void process.stderr.write(line), process.env).error({ err });
  try {
    honourProxies(process.env);
  } catch (err) {
    complain(err); // A daemon that did not start would end kubelet too.
  }
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  let exitCode = 0;

  const configOption = () => new Option("--config <file>", "the configuration file").default(DEFAULT_CONFIG_PATH);
  const outputOption = () => new Option("--output <format>", "text or json").choices(["text", "json"]).default("text");
  const program = new Command("eks-satellite")
    .description("Makes this machine a node of an EKS cluster, and keeps it one.")
    .version(VERSION)
    .exitOverride();
  program
    .command("run")
    .description("the daemon: join the cluster and keep this machine in it")
    .addOption(configOption())
    .addOption(new Option("--log-format <format>", "in place of log.format").choices(LOG_FORMATS))
    .addOption(new Option("--log-level <level>", "in place of log.level").choices(LOG_LEVELS))
    .action(async ({ config, logFormat, logLevel }: { config: string; logFormat?: LogFormat; logLevel?: LogLevel }) => {
      const chosen = {
        ...(logFormat === undefined ? {} : { format: logFormat }),
        ...(logLevel === undefined ? {} : { level: logLevel }),
      };
      await runCommand({ host, environment: process.env, write }, { config, ...chosen }, stop.signal);
    });
  program
    .command("plan")
    .description("what would change on this machine, and why; exit 0 nothing, 2 something, 1 error")
    .addOption(configOption())
    .option("--diff", "show the contents too", false)
    .addOption(outputOption())
    .action(async (options: { config: string; diff: boolean; output: "text" | "json" }) => {
      exitCode = await planCommand(host, options, write);
    });
  program
    .command("check")
    .description("is this machine fit to be a node, and what is wrong; exit 0 nothing failed, 1 something did")
    .addOption(configOption())
    .addOption(outputOption())
    .option("--only <names...>", "these checks alone", [])
    .option("--skip <names...>", "all but these", [])
    .action(async (options: CheckOptions) => {
      await flushAndExit(await checkCommand({ host, environment: process.env }, options, write));
    });
  program
    .command("status")
    .description("how the node is and what to do; exit 0 ready, 1 not ready, 3 the daemon does not answer")
    .addOption(configOption())
    .addOption(outputOption())
    .option("--watch", "draw it again every 2 s", false)
    .action(async (options: { config: string; output: "text" | "json"; watch: boolean }) => {
      const isColourful = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
      const paint: Paint = (style, text) => (isColourful ? styleText(style, text, { validateStream: false }) : text);
      exitCode = await statusCommand(host, { ...options, paint }, write, stop.signal);
    });
  program
    .command("bundle")
    .description("one archive for a bug report, without secrets: status, check, plan, configuration, journal")
    .addOption(configOption())
    .option("--output <file>", "the archive (default: a name with node and time, in the present folder)")
    .option("--since <time>", "where the journal begins, as journalctl takes it", "24 hours ago")
    .action(async (options: BundleOptions) => {
      await bundleCommand({ host, environment: process.env }, options, write);
      await flushAndExit(0);
    });
  program
    .command("configure")
    .description("set the first keys of the configuration, and keep everything else that is in the file")
    .addOption(configOption())
    .option("--cluster <name>", "name of the EKS cluster")
    .option("--region <region>", "its region")
    .option("--node-name <name>", "name of the Node (default: the host name)")
    .addOption(new Option("--identity <identity>", "how the node proves who it is").choices(NODE_IDENTITIES))
    .option("--eni <id>", "network interface of a node of identity fargate, whose name follows from it")
    .option("--role-arn <arn>", "the role to assume")
    .option("--credentials-file <file>", "where the keys are on this machine")
    .option("--dry-run", "show what would change", false)
    .action((options: ConfigureOptions) => configureCommand(host, options, write));
  program
    .command("reset")
    .description(
      "leave the cluster and put the machine back as it was; exit 0 done, 1 something is left, 2 not confirmed",
    )
    .addOption(configOption())
    .option("--yes", "do not ask", false)
    .option("--dry-run", "show what would be done", false)
    .option("--purge", "remove /etc/eks-satellite too, with the configuration and the keys", false)
    .addOption(new Option("--drain-seconds <seconds>", "how long evicted pods may take").default(60).argParser(Number))
    .action(async (options: ResetOptions) => {
      const isWithinDpkg = process.env.DPKG_MAINTSCRIPT_PACKAGE !== undefined;
      const confirm = process.stdin.isTTY ? ask : undefined;
      exitCode = await resetCommand({ host, confirm, isWithinDpkg }, options, write);
    });
  const terminal = {
    host,
    confirm: process.stdin.isTTY ? ask : undefined,
    print: write,
    exitWith: (code: number) => {
      exitCode = code;
    },
  };
  addAdminCommands(program, terminal);
  addEniCommands(program, terminal);
  program
    .command("version")
    .description("print the version")
    .action(() => write(`${VERSION}\n`));

  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    complain(error);
    if (hasCode(error, "check-unknown")) return EXIT_USAGE;
    return describe(error).code === "unexpected" ? 70 : 1;
  }
}

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-C, Ctrl-D and an input that ends are a no.
  const answered = terminal.question(question).catch(() => "");
  const answer = await Promise.race([answered, once(terminal, "close").then(() => "")]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** A look that was given up would keep the process for up to a minute. */
async function flushAndExit(exitCode: number): Promise<void> {
  await new Promise((flushed) => process.stdout.write("", flushed));
  process.exit(exitCode);
}

process.exitCode = await main(process.argv.slice(2));
