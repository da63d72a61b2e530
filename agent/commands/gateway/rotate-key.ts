// `eks-satellite gateway rotate-key`: asks the cluster's gateways for new keys, and waits until they have them.
import type { Command } from "commander";
import { openGateway } from "../../admin/gateway/read.ts";
import { readGatewayKeys, requestNewKeys } from "../../admin/gateway/rotate-key.ts";
import { SatelliteError } from "../../errors.ts";
import { checkCluster } from "../admin-changes.ts";
import { type ChainOptions, type KubernetesOptions, loadGatewayAdmin } from "../admin-clients.ts";
import type { LaptopContext, Print } from "../context.ts";
import type { GatewayCommandContext } from "./create.ts";
import { addGatewayOptions, type GatewayOptions } from "./options.ts";

/** A gateway announces the change for a minute and a half, and its satellites ask each minute. */
const DEADLINE_MS = 180_000;
const ASK_EVERY_MS = 2000;

/** Adds `gateway rotate-key`. */
export function registerRotateKey(gateway: Command, context: LaptopContext): void {
  const { host, print, exitWith } = context;
  addGatewayOptions(gateway.command("rotate-key"))
    .description(
      "administrator: let the cluster's gateways change their keys while packets pass, and wait until they have",
    )
    .action(async (options: GatewayOptions & ChainOptions & KubernetesOptions) => {
      const { stopSignal } = context;
      const openAdmin = () => loadGatewayAdmin(host, options);
      exitWith(await rotateGatewayKeyCommand({ openAdmin, stopSignal }, options, print));
    });
}

/** Prints each gateway's new key; returns the exit code. @throws gateways-missing, gateway-rotation-late, network-entry-missing, and what openGateway throws */
export async function rotateGatewayKeyCommand(
  { openAdmin, stopSignal }: Omit<GatewayCommandContext, "confirm">,
  options: GatewayOptions,
  print: Print,
): Promise<number> {
  checkCluster(options);
  const admin = await openAdmin();
  const { clock } = admin.host;
  const context = await openGateway(admin, options, stopSignal);
  const before = await readGatewayKeys(context);
  await requestNewKeys(context, clock.now());
  if (options.output === "text") print(`${before.size} gateways are asked; each announces the change for 90 s\n`);
  const deadlineMs = clock.monotonic() + DEADLINE_MS;
  for (;;) {
    const now = await readGatewayKeys(context);
    const late = [...before].filter(([name, key]) => now.get(name) === key).map(([name]) => name);
    if (late.length === 0) {
      print(render(options, now));
      return 0;
    }
    if (clock.monotonic() >= deadlineMs) throw isLate(late);
    await context.clock.sleep(ASK_EVERY_MS);
  }
}

function render({ cluster, output }: GatewayOptions, keys: ReadonlyMap<string, string>): string {
  const gateways = [...keys].map(([name, publicKey]) => ({ name, publicKey }));
  if (output === "json") return `${JSON.stringify({ cluster, gateways }, undefined, 2)}\n`;
  return gateways.map(({ name, publicKey }) => `✓ ${name} has the key ${publicKey}\n`).join("");
}

function isLate(names: readonly string[]): SatelliteError {
  return new SatelliteError("gateway-rotation-late", `no new key of ${names.join(", ")} within three minutes`, {
    hint: "On the gateway: journalctl -u eks-satellite-gateway. A gateway of an earlier version changes no keys; one that is away does it when it is back.",
  });
}
