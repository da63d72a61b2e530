// The daemon of the sandbox's Lambda: its API, and the machines that it rents out.
//   main.ts FOLDER
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openSandbox } from "../sandbox.ts";
import { isThere } from "./account.ts";
import { SandboxHypervisor } from "./hypervisor.ts";
import { settleMachines } from "./landlord.ts";
import { LambdaServer } from "./server.ts";
import { readSettings } from "./settings.ts";

const ROUND_MS = 500;

const [folder = ""] = process.argv.slice(2);
const sandbox = await openSandbox(folder);
const pki = join(folder, "pki");
const [key, cert] = [await readFile(join(pki, "lambda.key")), await readFile(join(pki, "lambda.crt"))];
const log = (line: string) => console.error(`${new Date().toISOString()} ${line}`);
const server = new LambdaServer({
  folder,
  tls: { key, cert },
  log,
  // The laptop is in the namespace that everything public is in.
  laptop: sandbox.addresses.vpc?.provider ?? "",
  hasRoom: ({ machines }) => !machines.some((machine) => isThere(machine) && !machine.isIdle),
});
await server.listen(sandbox.addresses.lambda, 443);
const hypervisor = new SandboxHypervisor(sandbox, log);

for (;;) {
  await settleMachines({ server, hypervisor, log, settings: () => readSettings(folder) }).catch((error: unknown) =>
    log(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  await delay(ROUND_MS);
}
