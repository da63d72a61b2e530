// `scripts/sandbox lambda`: what the account has, and what is to go wrong.
import { Command, InvalidArgumentError, Option } from "commander";
import { openSandbox } from "../sandbox.ts";
import { keyFile, readAccount } from "./account.ts";
import { changeSettings, type FaultKind, faultKinds, readSettings, writeSettings } from "./settings.ts";

interface FaultOptions {
  readonly on?: string;
  readonly times?: number;
  readonly retryAfter?: number;
  readonly done?: boolean;
}

/** `scripts/sandbox lambda …` */
export function lambdaCommand(): Command {
  const command = new Command("lambda").description("look at the sandbox's Lambda, or break it (up --lambda)");
  command
    .command("show", { isDefault: true })
    .description("list the account's machines and rulesets, and what is to go wrong")
    .action(async () => {
      process.stdout.write(await renderLambda((await openSandbox()).folder));
    });
  addFault(command);
  command
    .command("capacity <type> [regions...]")
    .description("let a type be had in these regions alone; without one it is sold out")
    .action(async (type: string, regions: string[]) =>
      changeSettings((await openSandbox()).folder, (settings) => ({
        ...settings,
        capacity: { ...settings.capacity, [type]: regions },
      })),
    );
  command
    .command("preempt <name>")
    .description("take a machine away, as for one who pays more")
    .action(async (name: string) =>
      changeSettings((await openSandbox()).folder, (settings) => ({
        ...settings,
        preempts: [...(settings.preempts ?? []), name],
      })),
    );
  command
    .command("idle")
    .description("from now on machines that are launched never run: they become active, and cost")
    .action(async () =>
      changeSettings((await openSandbox()).folder, (settings) => ({ ...settings, launchesIdle: true })),
    );
  command
    .command("reset")
    .description("remove every fault and switch; machines stay")
    .action(async () => writeSettings((await openSandbox()).folder, {}));
  return command;
}

function addFault(command: Command): void {
  command
    .command("fault")
    .description("let something go wrong with requests until reset")
    .addArgument(command.createArgument("<kind>", "what the client sees").choices(faultKinds))
    .option("--on <call>", 'these requests alone, such as "POST /instance-operations/launch"')
    .option("--times <count>", "so many requests", wholeNumber)
    .addOption(new Option("--retry-after <seconds>", "with too-many-requests").argParser(wholeNumber))
    .option("--done", "the request has its effect all the same")
    .action(async (kind: FaultKind, { on, times, retryAfter, done }: FaultOptions) => {
      const fault = {
        kind,
        ...(on === undefined ? {} : { on }),
        ...(times === undefined ? {} : { times }),
        ...(retryAfter === undefined ? {} : { retryAfter }),
        ...(done === true ? { isDone: true } : {}),
      };
      await changeSettings((await openSandbox()).folder, (settings) => ({
        ...settings,
        faults: [...(settings.faults ?? []), fault],
      }));
    });
}

async function renderLambda(folder: string): Promise<string> {
  const account = await readAccount(folder);
  if (account === undefined) throw new Error("this sandbox has no Lambda: make one with scripts/sandbox up --lambda");
  const machines = account.machines.map(({ id, name = "-", type, region, status, address = "-", isIdle }) =>
    [id, name, type, region, address, status, isIdle ? "(idle)" : ""].join("  ").trimEnd(),
  );
  const rulesets = account.rulesets.map(({ id, name, region, rules }) =>
    [id, name, region, `${rules.length} rules`].join("  "),
  );
  const lines = [
    ...["machines", ...orNone(machines)],
    ...["firewall rulesets", ...orNone(rulesets)],
    `settings ${JSON.stringify(await readSettings(folder))}`,
    `key file ${keyFile(folder)}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function orNone(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? ["  none"] : lines.map((line) => `  ${line}`);
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}
