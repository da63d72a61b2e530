// A sandbox in a VPC with everything that a gateway needs: an administrator whom the cluster knows, the package, Services and DNS.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { AuthorizeSecurityGroupIngressCommand } from "@aws-sdk/client-ec2";
import { parse, stringify } from "yaml";
import { mergeTables, type Table } from "../../../agent/plan/merge.ts";
import { administratorArn, Laptop } from "../../sandbox/administrator.ts";
import { down } from "../../sandbox/down.ts";
import { buildAgent, configPath, installAgent } from "../../sandbox/install-agent.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { accountId, cacheFolder, clusterName, nodeName, region } from "../../sandbox/state.ts";
import { type UpOptions, up } from "../../sandbox/up.ts";
import { awsClients } from "../../sandbox/vpc/aws-clients.ts";
import { readCloud } from "../../sandbox/vpc/cloud.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { renderWebDeployment, webName } from "../../sandbox/workload.ts";
import { claimSandbox } from "../pool.ts";
import { ReleaseMirror } from "../release-mirror.ts";
import { Satellite } from "../satellite.ts";

export const CLUSTER = `--cluster ${clusterName} --region ${region}`;
/** The role that `authorize --create-role` makes for the node. */
export const NODE_ROLE = `arn:aws:iam::${accountId}:role/eks-satellite-${nodeName}`;

const VERSION = "0.0.1";
const PACKAGE = `eks-satellite_${VERSION}_amd64.deb`;
/** The gateway's security group lets its instance out to ports 80 and 443. */
const MIRROR_PORT = 80;

const APP_PORT = 8080;

/** What every test of a connected node drives. */
export interface Connected {
  readonly sandbox: Sandbox;
  /** The machine with the daemon installed, and not started. */
  readonly satellite: Satellite;
  readonly laptop: Laptop;
  /** The Debian package of this program that a gateway installs. */
  readonly package: { readonly url: string; readonly sha256: string };
  /** Options of `gateway create`: where the package is, and wireguard-go where the kernel has no WireGuard. */
  readonly gatewayOptions: string;
  close(): Promise<void>;
}

/** What a node in the cluster's network says, each condition with its reason. */
export const WORKING = [
  ["TunnelConfigured", "Configured"],
  ["TunnelUp", "GatewayAnswers"],
  ["ControlPlaneRoute", "Reachable"],
  ["ServicesWorking", "Answers"],
  ["ClusterDnsWorking", "Answers"],
] as const;

export interface BringUpOptions extends Pick<UpOptions, "folder" | "machine" | "etcd"> {
  /** Keys of the daemon's configuration beside those that the sandbox writes. */
  readonly config?: Table;
}

/** Brings it up anew, without a gateway and with the daemon installed but not started; by default with a container as the machine. */
export async function bringUpInVpc(options: BringUpOptions = {}): Promise<Connected> {
  const { folder = join(cacheFolder(), await claimSandbox("vpc")), machine = "nspawn", etcd } = options;
  await down(folder);
  const dist = await buildAgent();
  const [{ sandbox }, mirror] = await Promise.all([
    up({ ...(etcd === undefined ? {} : { etcd }), folder, machine, network: "vpc", agent: false, services: true }),
    ReleaseMirror.create([VERSION]),
  ]);
  await installAgent(sandbox, dist, { isStarted: false });
  const { vpc } = sandbox.addresses;
  if (vpc === undefined) throw new Error(`${folder} has no VPC`);
  const packageUrl = `${await mirror.listen(vpc.wayOut.host, MIRROR_PORT)}/download/v${VERSION}/${PACKAGE}`;
  const sha256 = createHash("sha256")
    .update(await mirror.read(VERSION, PACKAGE))
    .digest("hex");
  const laptop = await Laptop.open(sandbox);
  await letAdministratorIn(sandbox, laptop);
  const written = parse((await sandbox.box(["cat", configPath])).stdout);
  const own = { credentials: { assumeRole: { arn: NODE_ROLE } } };
  const config = mergeTables(mergeTables(written, own), options.config ?? {});
  const satellite = new Satellite(sandbox, stringify(config));
  await satellite.write(configPath, stringify(config));
  return {
    sandbox,
    satellite,
    laptop,
    package: { url: packageUrl, sha256 },
    gatewayOptions: `--userspace allow --allow ${sandbox.addresses.appPod}/32:${APP_PORT} --package-url ${packageUrl} --package-sha256 ${sha256}`,
    close: async () => {
      await laptop.close();
      await mirror.close();
      await down(folder);
    },
  };
}

/** In EKS the one who makes a cluster may do everything in it. */
export async function letAdministratorIn(sandbox: Sandbox, laptop: Laptop): Promise<void> {
  const mapUsers = `- {userarn: "${administratorArn}", username: administrator, groups: [system:masters]}\n`;
  const patch = `--patch=${JSON.stringify({ data: { mapUsers } })}`;
  await sandbox.kubectl(["patch", "configmap", "aws-auth", "--namespace=kube-system", "--type=merge", patch]);
  const isKnown = async () => {
    const { stderr } = await laptop.run(`eks-satellite gateway check ${CLUSTER}`);
    return !stderr.includes("api-unauthorized");
  };
  await waitFor({ what: "the administrator to be known", deadlineMs: 30_000, intervalMs: 1000 }, isKnown);
}

/** Waits until `gateway check` has nothing to say. @throws Error with its last words */
export async function untilGatewayWorks(laptop: Laptop, more = ""): Promise<void> {
  let said = "";
  const wait = { what: "gateway check to be content", deadlineMs: 180_000, intervalMs: 1000, explain: () => said };
  await waitFor(wait, async () => {
    const { exitCode, stdout, stderr } = await laptop.run(`eks-satellite gateway check ${CLUSTER} ${more}`);
    said = stdout + stderr;
    return exitCode === 0;
  });
}

/** Runs a command line at the laptop. @returns what it printed @throws AssertionError unless it ends well */
export async function mustRun(
  { laptop }: Pick<Connected, "laptop">,
  line: string,
  options: Parameters<Laptop["run"]>[1] = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await laptop.run(line, options);
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout;
}

/** Makes a gateway by one command, lets the node in by another, and starts it. @returns the first command */
export async function joinThroughGateway(connected: Connected): Promise<string> {
  const create = `eks-satellite gateway create ${CLUSTER} ${connected.gatewayOptions} --yes`;
  await mustRun(connected, create);
  const trusted = `--trusted-arn arn:aws:iam::${accountId}:user/satellite`;
  const authorize = `eks-satellite authorize ${CLUSTER} --tunnel --create-role --node-name ${nodeName} ${trusted} --yes`;
  await mustRun(connected, authorize);
  await untilGatewayWorks(connected.laptop);
  await startNode(connected);
  return create;
}

/** Starts the daemon, and waits until the page is served and every condition is true. */
export async function startNode({ satellite, sandbox }: Connected, deadlineMs = 120_000): Promise<void> {
  await satellite.box("systemctl", "enable", "--now", "eks-satellite");
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", `deployment/${webName}`, `--timeout=${deadlineMs / 1000}s`]);
  await satellite.untilHealthy(deadlineMs);
}

/** Lets satellites reach the application of the VPC, whose pod has the cluster's security group. */
export function openApp(connected: Connected): Promise<void> {
  return openPort(connected, APP_PORT, "tcp");
}

/** Lets satellites reach a port of every pod of the VPC. */
export async function openPort({ sandbox }: Connected, port: number, protocol: "tcp" | "udp"): Promise<void> {
  const { ec2 } = await awsClients(sandbox);
  const groups = (await readCloud(sandbox.folder)).securityGroups;
  const permission = {
    IpProtocol: protocol,
    FromPort: port,
    ToPort: port,
    // The nodes' network and the pods', as `gateway create` chooses them.
    IpRanges: [{ CidrIp: "10.250.0.0/20" }, { CidrIp: "10.250.16.0/20" }],
  };
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: groups.find(({ name }) => name.startsWith("eks-cluster-sg-"))?.id,
      IpPermissions: [permission],
    }),
  );
  await sandbox.vpc.settle();
}
