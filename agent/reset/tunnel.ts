// The tunnel of the node: interface, address, routes, chain, wireguard-go's unit and the private key.
import { listTunnel, removeChains, removeTunnels } from "../apply/tunnel/removal.ts";
import { hasCode } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { TUNNEL_KEY_FILE, TUNNEL_NEXT_KEY_FILE } from "../tunnel/names.ts";
import type { Step, StepOptions } from "./step.ts";

const KEY_FILES = [TUNNEL_KEY_FILE, TUNNEL_NEXT_KEY_FILE] as const;

/** The annotation with the public key goes with the Node. */
export function tunnelStep({ host }: StepOptions): Step {
  return {
    name: "remove the tunnel to the cluster's network",
    list: async () => [...(await listTunnel(host)), ...(await listKey(host))],
    run: async () => {
      await orNothing(() => removeTunnels(host));
      await orNothing(() => removeChains(host));
      for (const file of KEY_FILES) await host.files.remove(file);
      return [];
    },
  };
}

async function listKey(host: Host): Promise<readonly string[]> {
  const found = await Promise.all(KEY_FILES.map((file) => host.files.status(file)));
  return KEY_FILES.filter((_, index) => found[index] !== undefined).map((file) => `remove ${file}`);
}

/** A machine without ip or iptables has nothing of theirs. */
async function orNothing(remove: () => Promise<void>): Promise<void> {
  await remove().catch((error: unknown) => {
    if (!hasCode(error, "tools-missing")) throw error;
  });
}
