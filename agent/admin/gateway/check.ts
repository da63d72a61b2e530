// `gateway check`: every piece, as an administrator sees it, and for one node the proof that the control plane reaches its kubelet.
import { describe, hasCode, SatelliteError } from "../../errors.ts";
import { type GatewayEntry, readGatewayMap, readNetworkMap } from "../../tunnel/entries.ts";
import { GATEWAY_GROUP, PUBLIC_KEY_ANNOTATION, WIREGUARD_PORT } from "../../tunnel/names.ts";
import { ignoreMissing } from "../kubernetes-call.ts";
import { isSamePolicy } from "../node-role-policy.ts";
import { createCommand, type Finding, type Inspected, inspectGateway } from "./inspect.ts";
import { isAssignable } from "./networks.ts";
import { describeObject, differingObjects } from "./plan/kubernetes.ts";
import { servingTableArns } from "./plan/routes.ts";
import { gatewayPolicy } from "./policies.ts";
import { type Reading, vpcOf } from "./read.ts";

/** Both of two gateways. What is said of the one that stands by names it; what is the cluster's is said once. */
export function checkGateways(reading: Reading, standby: Reading | undefined): readonly Finding[] {
  const first = checkGateway(reading);
  if (standby === undefined) return first;
  const isKnown = ({ code, message }: Finding) => first.some((each) => each.code === code && each.message === message);
  const { gateway } = standby.context.names;
  const second = checkGateway(standby).filter((finding) => !isKnown(finding));
  return [...first, ...second.map((finding) => ({ ...finding, message: `${gateway}: ${finding.message}` }))];
}

/** Everything but the path to a node. */
export function checkGateway(reading: Reading): readonly Finding[] {
  const seen = toInspected(reading);
  const inAws = inspectGateway(seen);
  if (inAws.some(({ code }) => code === "gateway-missing")) return inAws;
  return [...checkIdentity(reading, seen), ...inAws, ...checkKubernetes(reading, seen)];
}

function toInspected({ context, cluster, vpc, gateway, networks, around }: Reading): Inspected {
  const { names, access } = context;
  return {
    ...names,
    networks,
    remoteNetworks: cluster.remoteNetworks,
    clusterGroupId: vpcOf(access).securityGroupId,
    vpc,
    picture: gateway,
    gatewayInterfaces: around.ownInterfaceIds,
  };
}

function checkIdentity(reading: Reading, seen: Inspected): readonly Finding[] {
  const { identity, isPaired, vpc } = reading;
  const { access, names } = reading.context;
  const tables = isPaired ? servingTableArns(access, vpc) : [];
  const create = createCommand(seen);
  const found: (Finding | false)[] = [
    !identity.hasRole && { code: "role-missing", message: `there is no role ${names.role}`, command: create },
    identity.hasRole &&
      !isSamePolicy(identity.policy, gatewayPolicy(access.arn, tables)) && {
        code: "role-policy-differs",
        message: `role ${names.role} may do something else than a gateway needs`,
        command: create,
      },
    !identity.isInProfile && {
      code: "instance-profile-missing",
      message: `there is no instance profile ${names.role} with the role in it`,
      command: create,
    },
    identity.groups?.includes(GATEWAY_GROUP) !== true && {
      code: "access-entry-missing",
      message: `role ${names.role} has no access entry with the group ${GATEWAY_GROUP}: the API server does not know the gateway`,
      command: create,
    },
  ];
  return found.filter((each) => each !== false);
}

function checkKubernetes(reading: Reading, seen: Inspected): readonly Finding[] {
  const { kubernetes } = reading;
  const command = createCommand(seen);
  const network = readNetworkMap(kubernetes.network?.data ?? {});
  const gateways = readGatewayMap(kubernetes.gateways?.data ?? {});
  const objects = differingObjects(kubernetes).map((object) => ({
    code: "rbac-missing",
    message: `${describeObject(object)} is missing, or grants something else`,
    command,
  }));
  const noNetwork = {
    code: "network-entry-missing",
    message: "the ConfigMap eks-satellite-network has no entry _network: satellites do not know the VPC's networks",
    command,
  };
  const noMap = {
    code: "gateways-map-missing",
    message: "there is no ConfigMap eks-satellite-gateways: the gateway cannot write its key there",
    command,
  };
  const damaged = [...network.problems, ...gateways.problems].map(({ code, message, hint }) => ({
    code,
    message,
    command: hint ?? command,
  }));
  return [
    ...objects,
    ...(network.network === undefined ? [noNetwork] : []),
    ...(kubernetes.gateways === undefined
      ? [noMap]
      : checkOwnEntry(reading, gateways.gateways.get(seen.gateway), seen)),
    ...damaged,
  ];
}

/** What the gateway has written of itself. */
function checkOwnEntry({ gateway }: Reading, entry: GatewayEntry | undefined, seen: Inspected): readonly Finding[] {
  const instance = gateway.instances[0]?.id ?? "ID";
  if (entry === undefined) {
    const message = `gateway ${seen.gateway} has not written its key to the ConfigMap eks-satellite-gateways: its service does not run, or does not reach the API server`;
    const command = `aws ec2 get-console-output --region ${seen.region} --latest --output text --instance-id ${instance}`;
    return [{ code: "gateway-silent", message, command }];
  }
  const address = gateway.addresses[0]?.publicIp;
  if (address === undefined || entry.endpoint === `${address}:${WIREGUARD_PORT}`) return [];
  const message = `gateway ${seen.gateway} says that it is at ${entry.endpoint}, and its Elastic IP is ${address}`;
  const command = `aws ec2 terminate-instances --region ${seen.region} --instance-ids ${instance}, then ${createCommand(seen)}`;
  return [{ code: "endpoint-differs", message, command }];
}

/** The way to one node, step by step; a step that fails says why the proof must fail. Empty: the control plane has reached kubelet. */
export async function checkNode(reading: Reading, node: string): Promise<readonly Finding[]> {
  const findings = [...checkEntry(reading, node), ...(await checkKey(reading, node))];
  const { askKubernetes } = reading.context.access;
  try {
    await askKubernetes("get", `healthz of node ${node}`, (api) => api.readNodeHealth(node));
    return findings;
  } catch (error) {
    if (hasCode(error, "api-forbidden") || hasCode(error, "api-unauthorized") || hasCode(error, "api-unreachable"))
      throw error;
    const { message } = describe(error);
    return [
      ...findings,
      {
        code: "kubelet-unreachable",
        message: `the control plane does not reach kubelet of ${node}: ${message}`,
        command: `sudo eks-satellite check, on ${node}`,
      },
    ];
  }
}

function checkEntry({ kubernetes, networks, context: { names } }: Reading, node: string): readonly Finding[] {
  const entry = readNetworkMap(kubernetes.network?.data ?? {}).nodes.get(node);
  const options = `--cluster ${names.cluster} --region ${names.region} --node-name ${node} --tunnel`;
  const command = `eks-satellite authorize ${options}`;
  if (entry === undefined)
    return [
      { code: "entry-missing", message: `${node} has no address in the ConfigMap eks-satellite-network`, command },
    ];
  if (networks === undefined || isAssignable(entry.address, networks.nodes)) return [];
  const message = `${node} has address ${entry.address}, which is no node's address of ${networks.nodes}`;
  return [{ code: "entry-outside", message, command: `eks-satellite revoke ${options}, then ${command}` }];
}

async function checkKey(reading: Reading, node: string): Promise<readonly Finding[]> {
  const { kubernetes, context } = reading;
  const { access, names } = context;
  const seen = await access.askKubernetes("get", `node ${node}`, (api) => api.readNode(node).catch(ignoreMissing));
  if (seen === undefined)
    throw new SatelliteError("node-not-found", `cluster ${names.cluster} has no Node ${node}`, {
      hint: "kubectl get nodes lists them; eks-satellite status, on the machine, says why it has not joined.",
    });
  const pinned = readNetworkMap(kubernetes.network?.data ?? {}).nodes.get(node)?.publicKey;
  const key = pinned ?? seen.annotations[PUBLIC_KEY_ANNOTATION];
  if (key === undefined) {
    const message = `Node ${node} has no annotation ${PUBLIC_KEY_ANNOTATION}: its daemon has no tunnel, or is older than that`;
    return [{ code: "key-missing", message, command: `sudo eks-satellite configure --tunnel auto, on ${node}` }];
  }
  const { gateways } = readGatewayMap(kubernetes.gateways?.data ?? {});
  const entry = gateways.get(names.gateway);
  if (entry === undefined || entry.peers[node] === key) return [];
  const message = `gateway ${names.gateway} ${entry.peers[node] === undefined ? "does not accept the key" : "accepts another key"} of ${node}`;
  return [{ code: "key-unknown", message, command: `sudo journalctl -u eks-satellite-gateway, on the instance` }];
}
