// The gateway's place in the VPC: a network interface that forwards for others, and the public address on it. Both outlive the instance.
import type { ElasticAddress, GatewayInterface } from "../../../host/gateway-aws/types.ts";
import { type Change, diffOf, pretty } from "../../change.ts";
import { type GatewayContext, Later } from "./context.ts";

export interface InterfacePlan {
  readonly id: Later<string>;
  /** In the VPC. */
  readonly address: Later<string>;
  readonly changes: readonly Change[];
}

/** The interface, and its source/dest check off: EC2 drops packets of satellites otherwise. */
export function planInterface(
  context: GatewayContext,
  present: GatewayInterface | undefined,
  { subnetId, groupId }: { subnetId: string; groupId: Later<string> },
): InterfacePlan {
  const { aws, ask, names } = context;
  const id = new Later("the network interface", present?.id);
  const address = new Later("the network interface", present?.address);
  const target = `network interface ${names.label}`;
  const create: Change = {
    target,
    action: "create",
    diff: diffOf(
      target,
      undefined,
      pretty({ subnetId, securityGroup: groupId.known ?? names.label, tags: names.tags }),
    ),
    apply: async () => {
      const request = {
        subnetId,
        groupIds: [groupId.get()],
        description: `Gateway of EKS cluster ${names.cluster} (eks-satellite)`,
        tags: names.tags,
      };
      const made = await ask("ec2:CreateNetworkInterface", "network-interface/*", () => aws.createInterface(request));
      id.set(made.id);
      address.set(made.address);
    },
  };
  const isChecked = present?.sourceDestCheck ?? true;
  const changes = [...(present === undefined ? [create] : []), ...(isChecked ? [planForwarding(context, id)] : [])];
  return { id, address, changes };
}

function planForwarding({ aws, ask, names }: GatewayContext, id: Later<string>): Change {
  const target = `source/dest check of network interface ${names.label}`;
  return {
    target,
    action: "update",
    diff: diffOf(target, "on\n", "off   # it forwards packets of satellites, which have addresses of their own\n"),
    apply: () =>
      ask("ec2:ModifyNetworkInterfaceAttribute", `network-interface/${id.get()}`, () =>
        aws.setSourceDestCheck(id.get(), false),
      ),
  };
}

export interface AddressPlan {
  readonly publicIp: Later<string>;
  readonly changes: readonly Change[];
}

/** The address that satellites dial. */
export function planAddress(
  context: GatewayContext,
  present: ElasticAddress | undefined,
  interfaceId: Later<string>,
): AddressPlan {
  const { aws, ask, names } = context;
  const allocation = new Later("the Elastic IP", present?.allocationId);
  const publicIp = new Later("the Elastic IP", present?.publicIp);
  const target = `Elastic IP ${names.label}`;
  const allocate: Change = {
    target,
    action: "create",
    diff: diffOf(target, undefined, pretty({ tags: names.tags })),
    apply: async () => {
      const made = await ask("ec2:AllocateAddress", "elastic-ip/*", () => aws.allocateAddress(names.tags));
      allocation.set(made.allocationId);
      publicIp.set(made.publicIp);
    },
  };
  const association = `Elastic IP of network interface ${names.label}`;
  const associate: Change = {
    target: association,
    action: "create",
    diff: diffOf(association, undefined, `${publicIp.known ?? "the new address"}\n`),
    apply: () =>
      ask("ec2:AssociateAddress", `elastic-ip/${allocation.get()}`, () =>
        aws.associateAddress(allocation.get(), interfaceId.get()),
      ),
  };
  const isThere = present?.interfaceId !== undefined && present.interfaceId === interfaceId.known;
  return { publicIp, changes: [...(present === undefined ? [allocate] : []), ...(isThere ? [] : [associate])] };
}
