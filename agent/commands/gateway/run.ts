// `eks-satellite gateway run`: the gateway itself, on its instance.
import type { Command } from "commander";
import { createInspector } from "../../admin/gateway/inspector.ts";
import { DEFAULT_GATEWAY } from "../../admin/gateway/names.ts";
import { createVpcRoutes } from "../../admin/gateway/vpc-routes.ts";
import { takeInstanceLock } from "../../apply/instance-lock.ts";
import { SatelliteError } from "../../errors.ts";
import { type AwsKeys, createAws } from "../../host/aws.ts";
import type { Host } from "../../host/host.ts";
import { createLog } from "../../log.ts";
import { GATEWAY_CONFIG_PATH } from "../../tunnel/names.ts";
import type { CommandContext } from "../context.ts";
import { gatewayGroup } from "./group.ts";

/** What fails again and again is one line, and a count. */
const FOLD = { now: Date.now, schedule: (work: () => void, ms: number) => void setTimeout(work, ms).unref() };

export interface GatewayRunContext {
  readonly host: Host;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Receives whole lines. */
  readonly write: (line: string) => void;
}

/** Adds `gateway run`. */
export function registerRun(program: Command, context: CommandContext): void {
  const { host, environment, openLog } = context;
  gatewayGroup(program)
    .command("run")
    .description("on the gateway's instance: end the satellites' tunnels and forward between them and the VPC")
    .option("--config <file>", "configuration file", GATEWAY_CONFIG_PATH)
    .action(async ({ config }: { readonly config: string }) => {
      await gatewayRunCommand({ host, environment, write: openLog().write }, config, context.stopSignal);
    });
}

/** Runs until the signal aborts. @throws not-root, already-running, config-missing, config-syntax, config-invalid, wireguard-key-invalid */
export async function gatewayRunCommand(
  { host, environment, write }: GatewayRunContext,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  if (host.userId !== 0)
    throw new SatelliteError("not-root", `eks-satellite gateway run needs root, and runs as user ${host.userId}`, {
      hint: "systemctl start eks-satellite-gateway.",
    });
  // No other command needs them, and the daemon of a node should not hold them.
  const [{ loadGatewayConfig }, { runGateway }, { createGatewayReads, createGatewayRoutes }] = await Promise.all([
    import("../../gateway/gateway-config.ts"),
    import("../../gateway/gateway.ts"),
    import("../../host/gateway-aws/gateway-aws.ts"),
  ]);
  const config = await loadGatewayConfig(host, file);
  const atEnd: (() => void)[] = [];
  const fold = { ...FOLD, atEnd: (work: () => void) => void atEnd.push(work) };
  const log = createLog({ ...config.log, fold }, write, environment);
  const lock = await takeInstanceLock(host, config.stateFolder);
  const { region } = config.cluster;
  const aws = createAws(region, { eks: config.aws.endpoints.eks });
  const createReads = (keys: AwsKeys) => createGatewayReads(region, { keys, endpoint: config.aws.endpoints.ec2 });
  const createLook = (keys: () => AwsKeys | undefined) =>
    createInspector({ aws, createReads, cluster: config.cluster, gateway: config.name ?? DEFAULT_GATEWAY, keys });
  const createRoutes = createVpcRoutes({
    cluster: config.cluster.name,
    open: (keys) => createGatewayRoutes(region, { keys, endpoint: config.aws.endpoints.ec2 }),
  });
  const options = { host, aws, config, log, environment, createRoutes, createInspector: createLook };
  await runGateway(options, signal).finally(() => lock.release());
  for (const work of atEnd) work();
}
