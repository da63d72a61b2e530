// AWS for the commands about gateways: EC2, instance profiles of IAM, and EKS's remote networks. The daemon of a node never loads it.
import { EC2Client } from "@aws-sdk/client-ec2";
import { DescribeUpdateCommand, EKSClient, type Update, UpdateClusterConfigCommand } from "@aws-sdk/client-eks";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetInstanceProfileCommand,
  IAMClient,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { optional } from "../../optional.ts";
import type { AwsKeys } from "../aws.ts";
import { proxiedAgent } from "../proxy.ts";
import { createEc2Changes } from "./ec2-changes.ts";
import { createReads } from "./ec2-reads.ts";
import { createGuardedRoutes, type GuardedRoutes } from "./guarded-routes.ts";
import type { ClusterUpdate, GatewayAws, GatewayChanges, GatewayReads, RemoteNetworks } from "./types.ts";

/** Time limits of one attempt, in milliseconds. */
const TIMEOUTS = { connectionTimeout: 5000, requestTimeout: 15_000 };

/** Of a gateway that moves routes while it holds its Lease. */
const ROUTE_TIMEOUTS = { connectionTimeout: 1000, requestTimeout: 1500 };

function clientOptions(region: string, profile: string | undefined) {
  const requestHandler = { ...TIMEOUTS, httpsAgent: proxiedAgent() };
  return { region, maxAttempts: 5, requestHandler, ...optional({ profile }) };
}

/** Creates the handle on AWS of a region, with the keys of AWS's default chain and its profile. */
export function createGatewayAws(region: string, profile: string | undefined): GatewayAws {
  const options = clientOptions(region, profile);
  const ec2 = new EC2Client(options);
  return {
    ...createReads(ec2),
    ...createEc2Changes(ec2),
    ...createProfileCalls(new IAMClient(options)),
    ...createUpdateCalls(new EKSClient(options)),
  };
}

/** The reading calls alone: all that a gateway's own role may do. `destroy` closes their connections. */
export function createGatewayReads(
  region: string,
  { keys, endpoint }: { keys?: AwsKeys; endpoint?: string | undefined } = {},
): GatewayReads & { readonly destroy: () => void } {
  const credentials = keys === undefined ? {} : { credentials: reveal(keys) };
  const ec2 = new EC2Client({ ...clientOptions(region, undefined), ...credentials, ...optional({ endpoint }) });
  return { ...createReads(ec2), destroy: () => ec2.destroy() };
}

/**
 * The reading calls, and the one that a gateway's role may change something by. A call that takes long is of no use to a holder of a Lease:
 * each has an end of its own, and none is repeated here.
 */
export function createGatewayRoutes(
  region: string,
  { keys, endpoint }: { keys: AwsKeys; endpoint?: string | undefined },
): GatewayReads & GuardedRoutes & { readonly destroy: () => void } {
  const requestHandler = { ...ROUTE_TIMEOUTS, httpsAgent: proxiedAgent() };
  const credentials = reveal(keys);
  const ec2 = new EC2Client({ region, maxAttempts: 1, requestHandler, credentials, ...optional({ endpoint }) });
  return { ...createReads(ec2), ...createGuardedRoutes(ec2), destroy: () => ec2.destroy() };
}

function reveal({ accessKeyId, secretAccessKey, sessionToken }: AwsKeys) {
  const token = sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() };
  return { accessKeyId, secretAccessKey: secretAccessKey.reveal(), ...token };
}

type ProfileCalls =
  | "findProfile"
  | "createProfile"
  | "addRoleToProfile"
  | "removeRoleFromProfile"
  | "deleteProfile"
  | "deleteRolePolicy"
  | "deleteRole";

function createProfileCalls(iam: IAMClient): Pick<GatewayChanges, ProfileCalls> {
  const inProfile = (profile: string, role: string) => ({ InstanceProfileName: profile, RoleName: role });
  return {
    async findProfile(name) {
      const answer = await iam
        .send(new GetInstanceProfileCommand({ InstanceProfileName: name }))
        .catch((error: unknown) => {
          if (/^NoSuchEntity/.test((error as Error).name)) return undefined;
          throw error;
        });
      if (answer?.InstanceProfile === undefined) return undefined;
      const { Roles = [], Tags = [] } = answer.InstanceProfile;
      const tags = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
      return { name, roles: Roles.map(({ RoleName = "" }) => RoleName), tags };
    },
    async createProfile(name, tags) {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: name, Tags }));
    },
    async addRoleToProfile(profile, role) {
      await iam.send(new AddRoleToInstanceProfileCommand(inProfile(profile, role)));
    },
    async removeRoleFromProfile(profile, role) {
      await iam.send(new RemoveRoleFromInstanceProfileCommand(inProfile(profile, role)));
    },
    async deleteProfile(name) {
      await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: name }));
    },
    async deleteRolePolicy(role, policy) {
      await iam.send(new DeleteRolePolicyCommand({ RoleName: role, PolicyName: policy }));
    },
    async deleteRole(name) {
      await iam.send(new DeleteRoleCommand({ RoleName: name }));
    },
  };
}

function createUpdateCalls(eks: EKSClient): Pick<GatewayChanges, "setRemoteNetworks" | "findUpdate"> {
  return {
    async setRemoteNetworks(name, networks) {
      const remoteNetworkConfig = toRemoteNetworkConfig(networks);
      return toUpdate((await eks.send(new UpdateClusterConfigCommand({ name, remoteNetworkConfig }))).update);
    },
    async findUpdate(name, updateId) {
      return toUpdate((await eks.send(new DescribeUpdateCommand({ name, updateId }))).update);
    },
  };
}

/** EKS takes one list of networks of each kind (API reference, RemoteNetworkConfigRequest); an empty one removes them. */
function toRemoteNetworkConfig({ nodes, pods }: RemoteNetworks) {
  const list = (cidrs: readonly string[]) => (cidrs.length === 0 ? [] : [{ cidrs: [...cidrs] }]);
  return { remoteNodeNetworks: list(nodes), remotePodNetworks: list(pods) };
}

function toUpdate({ id = "", status = "Successful", errors = [] }: Update = {}): ClusterUpdate {
  return { id, status, errors: errors.map(({ errorCode, errorMessage }) => `${errorCode}: ${errorMessage}`) };
}
