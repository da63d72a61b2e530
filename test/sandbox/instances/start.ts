// What runs the instances of the sandbox's EC2: the daemon that boots and ends them, and their metadata service.
import { join } from "node:path";
import { inNamespace } from "../network.ts";
import { startDaemon } from "../process.ts";
import type { VpcAddresses } from "../vpc/addresses.ts";
import { instanceRunner, metadataService } from "./instance.ts";

/** Starts both unless they run. AWS and the VPC's fabric must have begun. */
export async function startInstances(folder: string, { fabricNamespace }: VpcAddresses): Promise<void> {
  const program = (name: string) => [process.execPath, join(import.meta.dirname, name), folder];
  await startDaemon(folder, { name: metadataService, command: inNamespace(fabricNamespace, program("metadata.ts")) });
  await startDaemon(folder, { name: instanceRunner, command: program("runner.ts") as [string, ...string[]] });
}
