// The gateway: builds its parts, restores what an earlier run knew, follows the cluster, and keeps the machine as the cluster says.
import { createMetrics } from "../health/metrics.ts";
import { livezOf } from "../health/probe.ts";
import { createSystemd, type Systemd, watchdogPeriodSeconds } from "../health/systemd.ts";
import type { Aws, AwsKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { Loop } from "../loop/loop.ts";
import { createLoopReport } from "../loop/loop-report.ts";
import type { SeenWireguard } from "../tunnel/wireguard-config.ts";
import { ApiReport } from "./api-report.ts";
import { ClusterView } from "./cluster-view.ts";
import { GatewayHealthReport, type VpcInspector } from "./gateway-health.ts";
import { gatewayFamilies } from "./gateway-metrics.ts";
import type { GatewayConfig } from "./gateway-schema.ts";
import { GatewayServer, type GatewaySources } from "./gateway-server.ts";
import { GatewaySession } from "./gateway-session.ts";
import { GatewaySync } from "./gateway-sync.ts";
import { InstanceMetadata } from "./instance-metadata.ts";
import { LEASE_EVERY_SECONDS, ROUTES_EVERY_SECONDS, Standby } from "./lease/standby.ts";
import type { VpcRoutes } from "./lease/vpc-routes.ts";
import { GatewayKey } from "./rotation/gateway-key.ts";

export interface GatewayOptions {
  readonly host: Host;
  readonly aws: Pick<Aws, "describeCluster">;
  readonly config: GatewayConfig;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The look at AWS with the keys of the instance's role; without one the health says nothing of AWS. */
  readonly createInspector?: ((keys: () => AwsKeys | undefined) => VpcInspector) | undefined;
  /** The VPC's routes with these keys; without it this gateway moves none. */
  readonly createRoutes?: ((keys: AwsKeys) => VpcRoutes) | undefined;
}

/** Runs until the signal aborts. Interface, peers and rules stay: satellites keep their tunnels over a restart. @throws wireguard-key-invalid, disk-full, file-unwritable */
export async function runGateway(options: GatewayOptions, signal: AbortSignal): Promise<void> {
  const { log, config } = options;
  const gateway = await createGateway(options);
  await gateway.session.restore();
  await gateway.sync.restore();
  const loops = createLoops(options, gateway, signal);
  gateway.onChange = () => void loops.sync.trigger();
  log.info({ ...config.cluster }, "the gateway runs");
  void loops.session.start(signal).then(() => {
    for (const loop of [loops.services, loops.inspect]) void loop.start(signal);
  });
  void loops.sync.start(signal).then(() => {
    void loops.serve.trigger(); // It needs the address that the first round has read.
    return gateway.systemd.ready(summaryOf(gateway));
  });
  for (const name of ["serve", "endpoints", "rotation", "key", "lease", "routes", "systemd"] as const)
    loops[name].schedule(signal);
  await gateway.view.run(signal);
  await loops.lease.ended();
  await gateway.standby.release(); // The other gateway need not wait until the Lease has run out.
  await Promise.all(Object.values(loops).map((loop) => loop.ended()));
  await gateway.systemd.stopping();
  log.info("stopped; the tunnels stay");
}

interface Gateway {
  readonly session: GatewaySession;
  readonly report: ApiReport;
  readonly view: ClusterView;
  readonly sync: GatewaySync;
  readonly health: GatewayHealthReport;
  readonly standby: Standby;
  readonly systemd: Systemd;
  /** Something in the cluster has changed. */
  onChange: () => void;
}

async function createGateway({
  host,
  config,
  log,
  aws,
  environment,
  createInspector,
  createRoutes,
}: GatewayOptions): Promise<Gateway> {
  const { stateFolder, cluster } = config;
  const keys = await GatewayKey.open(host, `${stateFolder}/wireguard.key`);
  const metadata = new InstanceMetadata(host);
  const session = new GatewaySession({ host, aws, metadata, cluster, log, cacheFile: `${stateFolder}/cluster.json` });
  const report = new ApiReport(log, session);
  const onChange = () => gateway.onChange();
  const view = new ClusterView({ host, log, api: () => session.api(), report, onChange });
  const sync = new GatewaySync({ host, config, log, keys, metadata, view, session, report, onChange });
  const look = createInspector?.(() => session.keys);
  // Before there are keys nothing was looked at, which is not the same as nothing missing.
  const inspect = look && (async () => (session.keys === undefined ? undefined : look()));
  const health = new GatewayHealthReport({
    ...{ host, log, sync, view, inspect },
    announcement: () => sync.rotation.announcement(),
  });
  const routes = () => (session.keys === undefined ? undefined : createRoutes?.(session.keys));
  const standby = new Standby({ host, log, session, sync, routes });
  const systemd = createSystemd(host, log, environment);
  const gateway: Gateway = { session, report, view, sync, health, standby, systemd, onChange: () => undefined };
  return gateway;
}

type LoopName =
  | "session"
  | "services"
  | "sync"
  | "endpoints"
  | "rotation"
  | "key"
  | "serve"
  | "inspect"
  | "lease"
  | "routes"
  | "systemd";

/** What changes in the cluster is synced at once; the period is for what another program changes on this machine. */
function createLoops(options: GatewayOptions, gateway: Gateway, signal: AbortSignal): Readonly<Record<LoopName, Loop>> {
  const { host, log, environment } = options;
  const { session, view, sync, health, standby, systemd } = gateway;
  const { monotonic, sleep } = host.clock;
  const loop = (name: LoopName, everySeconds: number, run: () => Promise<void>, isNeeded = () => true) =>
    new Loop({ name, everySeconds, run, isNeeded, log, monotonic, sleep, random: host.random });
  const server = new GatewayServer({ log, signal, address: () => sync.identity?.address });
  const loops: Readonly<Record<LoopName, Loop>> = {
    session: loop("session", 10, () => session.round()),
    services: loop("services", 10, () => view.servicesRound()),
    sync: loop("sync", 30, () => sync.round().finally(followSync)),
    endpoints: loop("endpoints", 5, () => sync.learn()),
    rotation: loop(
      "rotation",
      1,
      () => sync.attend(),
      () => sync.changes.isAttentive,
    ),
    key: loop("key", 10, () => sync.rotation.round(signal)),
    serve: loop("serve", 10, () => server.round(sources)),
    inspect: loop("inspect", 60, () => health.inspectRound()),
    lease: loop("lease", LEASE_EVERY_SECONDS, () => standby.election.round()),
    routes: loop("routes", ROUTES_EVERY_SECONDS, () => standby.keeper.round()),
    systemd: loop("systemd", watchdogPeriodSeconds(environment), async () => {
      if (Object.values(loops).some((each) => each.isHung())) return;
      await systemd.ping();
      await systemd.showStatus(summaryOf(gateway));
    }),
  };
  const followSync = () => void loops.rotation.trigger();
  const sources = createSources(options, gateway, Object.values(loops));
  return loops;
}

function createSources({ host }: GatewayOptions, gateway: Gateway, loops: readonly Loop[]): GatewaySources {
  const { sync, health, report, standby } = gateway;
  let seen: SeenWireguard | undefined;
  const families = gatewayFamilies(() => ({
    peers: sync.table.peers,
    refused: sync.table.refused,
    waiting: sync.table.waiting,
    seen,
    nowSeconds: host.clock.now() / 1000,
    kubelet: (peer) => health.kubelet(peer),
    ...sync.numbers,
    isFollowed: report.isFollowed,
    keyMadeMs: sync.keyMadeMs,
    keyRotations: sync.rotation.rotations,
  }));
  const render = createMetrics([{ metrics: () => families }, standby, createLoopReport(loops)]);
  return {
    health: (address) => health.answer(address),
    digest: (address) => health.digest(address),
    onKnock: (address) => health.look(address),
    onKeyChange: (address, key) => sync.requests.ask(address, key),
    role: () => standby.role,
    livez: () => livezOf(loops),
    metrics: async () => {
      seen = await sync.readInterface().catch(() => undefined); // There may be none yet: its metrics are absent.
      return render();
    },
    network: () => sync.network,
    monotonic: host.clock.monotonic,
  };
}

function summaryOf({ sync, report, standby }: Gateway): string {
  const { peers, refused } = sync.table;
  const api = report.isFollowed ? "follows the cluster" : "does not follow the cluster, the peers stay";
  const role = { holder: ", holds the routes", standby: ", stands by", ok: "" }[standby.role];
  return `${peers.length} peers, ${refused} entries refused; ${api}${role}`;
}
