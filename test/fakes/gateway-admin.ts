// An administrator of the cluster `demo` and of the VPC that it is in, who works on gateways.
import { type CheckGatewayOptions, checkGatewayCommand } from "../../agent/commands/gateway/check.ts";
import { type CreateGatewayOptions, createGatewayCommand } from "../../agent/commands/gateway/create.ts";
import { type DeleteGatewayOptions, deleteGatewayCommand } from "../../agent/commands/gateway/delete.ts";
import { type ListGatewayOptions, listGatewaysCommand } from "../../agent/commands/gateway/list.ts";
import { driven } from "./driven.ts";
import { setUpAdmin } from "./memory-admin.ts";
import { MemoryGatewayAws } from "./memory-gateway-aws.ts";
import { CLUSTER_GROUP, PRIVATE_SUBNET, PUBLIC_SUBNET, VPC } from "./memory-gateway-vpc.ts";

export const PACKAGE = { packageUrl: "https://example.com/eks-satellite_1_arm64.deb", packageSha256: "a".repeat(64) };

export function setUpGateway(mode = "API_AND_CONFIG_MAP") {
  const admin = setUpAdmin(mode);
  const { host, aws, adminAws, context, print } = admin;
  const gatewayAws = new MemoryGatewayAws();
  gatewayAws.onRemoteNetworks = (remoteNetworks) => {
    aws.cluster = { ...aws.cluster, remoteNetworks };
  };
  gatewayAws.onDeleteRolePolicy = (name) => void adminAws.roles.get(name)?.policies.clear();
  gatewayAws.onDeleteRole = (name) => void adminAws.roles.delete(name);
  const subnetIds = [PUBLIC_SUBNET, PRIVATE_SUBNET];
  aws.cluster = {
    ...aws.cluster,
    remoteNetworks: gatewayAws.remoteNetworks,
    vpc: { id: VPC, subnetIds, securityGroupId: CLUSTER_GROUP, hasPublicEndpoint: true, publicCidrs: ["0.0.0.0/0"] },
  };
  const stop = new AbortController();
  const gatewayContext = {
    confirm: context.confirm,
    openAdmin: async () => ({ ...(await context.openAdmin()), gatewayAws }),
    stopSignal: stop.signal,
  };
  const shared = { cluster: "demo", region: "us-west-2", name: "gateway-1", output: "text" } as const;
  const changing = { ...shared, yes: true, dryRun: false } as const;
  const defaults = {
    instanceType: "t4g.small",
    allow: [],
    userspace: "never",
    privateEndpoint: false,
    standby: false,
    ...PACKAGE,
  } as const;
  return {
    ...admin,
    gatewayAws,
    gatewayContext,
    shared,
    stop,
    /** What DescribeCluster says of the VPC. */
    setVpc: (changes: Partial<NonNullable<typeof aws.cluster.vpc>>) => {
      const { vpc } = aws.cluster;
      if (vpc !== undefined) aws.cluster = { ...aws.cluster, vpc: { ...vpc, ...changes } };
    },
    create: (options: Partial<CreateGatewayOptions> = {}) =>
      driven(host, createGatewayCommand(gatewayContext, { ...changing, ...defaults, ...options }, print)),
    remove: (options: Partial<DeleteGatewayOptions> = {}) =>
      driven(host, deleteGatewayCommand(gatewayContext, { ...changing, force: false, ...options }, print)),
    check: (options: Partial<CheckGatewayOptions> = {}) =>
      checkGatewayCommand(gatewayContext, { ...shared, ...options }, print),
    list: (options: Partial<ListGatewayOptions> = {}) =>
      listGatewaysCommand(gatewayContext, { ...shared, ...options }, print),
  };
}
