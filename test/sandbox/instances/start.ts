// What runs the instances of the sandbox's EC2: the daemon that boots and ends them, and their metadata service.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inNamespace } from "../network.ts";
import { startDaemon } from "../process.ts";
import type { VpcAddresses } from "../vpc/addresses.ts";
import { instanceRunner, metadataService } from "./instance.ts";

/** Starts both unless they run. AWS and the VPC's fabric must have begun. */
export async function startInstances(folder: string, { fabricNamespace }: VpcAddresses): Promise<void> {
  const program = (name: string): [string, ...string[]] => [process.execPath, join(import.meta.dirname, name), folder];
  const restartOn = await sourceText();
  const metadata = inNamespace(fabricNamespace, program("metadata.ts"));
  await startDaemon(folder, { name: metadataService, command: metadata, restartOn });
  await startDaemon(folder, { name: instanceRunner, command: program("runner.ts"), restartOn });
}

/** An edit of either restarts both at the next `up`; instances run on. */
async function sourceText(): Promise<string> {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".ts")).sort();
  return (await Promise.all(names.map((name) => readFile(join(import.meta.dirname, name), "utf8")))).join("");
}
