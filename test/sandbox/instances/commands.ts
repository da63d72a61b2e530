// `scripts/sandbox instance`: what RunInstances has booted, and how to look into it and break it.
import { Command } from "commander";
import { openSandbox, type Sandbox } from "../sandbox.ts";
import { readCloud } from "../vpc/cloud.ts";
import type { Instance } from "./instance.ts";

/** What breaks or mends an instance, by the name of its command. */
const faults: Readonly<Record<string, readonly [description: string, apply: (instance: Instance) => Promise<void>]>> = {
  kill: ["take it away at once; AWS goes on to say that it runs", (instance) => instance.kill()],
  stop: ["shut it down in order; AWS goes on to say that it runs", (instance) => instance.stop()],
  start: ["boot it after kill or stop", (instance) => instance.start()],
  restart: ["take it away at once, and boot it again", (instance) => instance.restart()],
  cut: ["cut it off from the VPC and the internet", (instance) => instance.cut()],
  mend: ["end that", (instance) => instance.cut("mended")],
};

/** `scripts/sandbox instance …`; without an id it is about the one instance that there is. */
export function instanceCommand(): Command {
  const command = new Command("instance").description("list, enter or break EC2's instances (up --vpc)");
  command.enablePositionalOptions();
  command
    .command("list", { isDefault: true })
    .description("list them with their states and addresses")
    .action(async () => {
      process.stdout.write(await renderInstances(await openSandbox()));
    });
  command
    .command("run")
    .description("run a command in the one instance, by default a shell")
    .option("--id <id>", "in this one")
    .argument("[command...]")
    .passThroughOptions()
    .action(async (words: string[], { id }: { id?: string }) => {
      const instance = await choose(await openSandbox(), id);
      const how = { interactive: true, mayFail: true };
      process.exitCode = (await instance.run(words.length > 0 ? words : ["bash", "-l"], how)).exitCode;
    });
  for (const [name, [description, apply]] of Object.entries(faults))
    command
      .command(name)
      .description(description)
      .argument("[id]")
      .action(async (id?: string) => apply(await choose(await openSandbox(), id)));
  return command;
}

async function choose(sandbox: Sandbox, id: string | undefined): Promise<Instance> {
  if (id === undefined) return sandbox.gateway();
  const ids = await sandbox.instances();
  if (!ids.includes(id)) throw new Error(`there is no instance ${id}: there are ${ids.join(", ") || "none"}`);
  return sandbox.instance(id);
}

async function renderInstances({ folder }: Sandbox): Promise<string> {
  const { instances, interfaces } = await readCloud(folder);
  const lines = instances.map(({ id, state, type, tags, interfaces: [first] }) => {
    const one = interfaces.find((found) => found.id === first);
    return [id, state, type, one?.address ?? "-", one?.publicAddress ?? "-", tags.Name ?? ""].join("  ").trimEnd();
  });
  return lines.map((line) => `${line}\n`).join("") || "none\n";
}
