// An address on the loopback interface, under a label that says whose it is: no record has to.
import { hasLocalAddress } from "../../facts/tunnel/surroundings.ts";
import type { Host } from "../../host/host.ts";
import type { AddressResource } from "../../plan/resource.ts";
import type { Executor } from "../executor.ts";
import { requireTool, runTool } from "./tool.ts";

const LABEL = "lo:es-dns";

/** Gives the machine the address, and takes none from another interface that has it. */
export const addressExecutor: Executor<AddressResource> = {
  async diff({ host }, resource) {
    if (await hasLocalAddress(host, resource.address)) return undefined;
    return { resource, action: "create", before: undefined, after: `${resource.address}/32 on lo` };
  },

  readOriginal: async () => ({ kind: "absent" }),

  async apply({ host }, { address }) {
    // Of scope host: it never becomes the source of what leaves the machine.
    const labelled = ["dev", "lo", "label", LABEL, "scope", "host"];
    await requireTool(host, "ip", ["-4", "address", "replace", `${address}/32`, ...labelled]);
  },
};

/** Whether the machine has the address from the agent. @throws tools-missing, command-timeout */
export async function hasOwnAddress(host: Host, address: string): Promise<boolean> {
  const { stdout } = await runTool(host, "ip", ["-4", "-oneline", "address", "show", "dev", "lo", "label", LABEL]);
  return stdout.includes(` ${address}/32 `);
}

/** Takes it away, if it is the agent's; a second call changes nothing. @throws tools-missing, tunnel-not-set */
export async function removeAddress(host: Host, address: string): Promise<void> {
  if (!(await hasOwnAddress(host, address))) return;
  await requireTool(host, "ip", ["-4", "address", "delete", `${address}/32`, "dev", "lo"]);
}
