// `eks-satellite gateway check`: what a gateway lacks, each with the command that mends it; for a node, whether the control plane reaches it.
import type { Command } from "commander";
import { checkGateways, checkNode } from "../../admin/gateway/check.ts";
import type { Finding } from "../../admin/gateway/inspect.ts";
import { openGateway, readEverything, readPresentStandby } from "../../admin/gateway/read.ts";
import { checkCluster } from "../admin-changes.ts";
import { type ChainOptions, type KubernetesOptions, loadGatewayAdmin } from "../admin-clients.ts";
import type { LaptopContext, Print } from "../context.ts";
import type { GatewayCommandContext } from "./create.ts";
import { addGatewayOptions, type GatewayOptions } from "./options.ts";

export interface CheckGatewayOptions extends GatewayOptions {
  readonly nodeName?: string;
}

/** Exit codes: 0 everything is there, 1 something is not. */
const CHECK_EXIT = { ok: 0, findings: 1 } as const;

/** Adds `gateway check`. */
export function registerCheck(gateway: Command, context: LaptopContext): void {
  const { host, print, exitWith } = context;
  addGatewayOptions(gateway.command("check"))
    .description("administrator: say what a gateway lacks, with the command that mends it; exit 0 nothing, 1 something")
    .option("--node-name <name>", "also whether the control plane reaches kubelet of this node")
    .action(async (options: CheckGatewayOptions & ChainOptions & KubernetesOptions) => {
      const { stopSignal } = context;
      const openAdmin = () => loadGatewayAdmin(host, options);
      exitWith(await checkGatewayCommand({ openAdmin, stopSignal }, options, print));
    });
}

/** Prints what is missing; returns the exit code. @throws node-not-found, and what readEverything does */
export async function checkGatewayCommand(
  { openAdmin, stopSignal }: Omit<GatewayCommandContext, "confirm">,
  options: CheckGatewayOptions,
  print: Print,
): Promise<number> {
  checkCluster(options);
  const { nodeName } = options;
  const context = await openGateway(await openAdmin(), options, stopSignal);
  const reading = await readEverything(context);
  const pieces = checkGateways(reading, await readPresentStandby(reading));
  const node = nodeName === undefined ? [] : await checkNode(reading, nodeName);
  const findings = [...pieces, ...node];
  print(options.output === "json" ? renderJson(options, findings) : renderText(options, pieces, node));
  return findings.length === 0 ? CHECK_EXIT.ok : CHECK_EXIT.findings;
}

function renderText(
  { cluster, name, nodeName }: CheckGatewayOptions,
  pieces: readonly Finding[],
  node: readonly Finding[],
): string {
  const lines = (findings: readonly Finding[], ok: string) =>
    findings.length === 0
      ? `✓ ${ok}\n`
      : findings.map(({ code, message, command }) => `✗ ${code}  ${message}\n    → ${command}\n`).join("");
  const whole = lines(pieces, `gateway ${name} of ${cluster} has everything that it needs`);
  return nodeName === undefined
    ? whole
    : `${whole}${lines(node, `the control plane reaches kubelet of ${nodeName}: logs, exec and port-forward work`)}`;
}

function renderJson({ cluster, name, nodeName }: CheckGatewayOptions, findings: readonly Finding[]): string {
  const document = { cluster, gateway: name, nodeName, ok: findings.length === 0, findings };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
