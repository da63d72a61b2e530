// Removes a gateway's pieces of EC2. Each is a change of its own that waits for what EC2 has not finished; one that is gone is none.
import type {
  ElasticAddress,
  GatewayGroup,
  GatewayInstance,
  GatewayInterface,
  GroupRule,
  RouteTable,
} from "../../../host/gateway-aws/types.ts";
import { type Change, diffOf, pretty } from "../../change.ts";
import type { TunnelNetworks } from "../networks.ts";
import { describeRule } from "../rules.ts";
import { type GatewayContext, isAwsCode, retryWhile, type Waiting } from "./context.ts";
import { routedNetworks } from "./routes.ts";

/** EC2 takes up to some minutes to shut an instance down, and a moment more to let go of its interface. */
const FOR_INSTANCE: Waiting = {
  attempts: 120,
  everyMilliseconds: 5000,
  says: "waiting until the instance is terminated",
};
const FOR_INTERFACE: Waiting = { attempts: 60, everyMilliseconds: 5000, says: "waiting until EC2 has let go of it" };

/** Rules that were added to the cluster's security group. */
export function removeRules({ aws, ask }: GatewayContext, rules: readonly GroupRule[]): readonly Change[] {
  const [first] = rules;
  if (first === undefined) return [];
  const { groupId } = first;
  const target = `rules of the cluster's security group ${groupId}`;
  return [
    removal(target, rules.map((rule) => `${describeRule({ ...rule, cidr: rule.cidr ?? "" })}\n`).join(""), () =>
      ask("ec2:RevokeSecurityGroupIngress", `security-group/${groupId}`, () => aws.revoke(rules)),
    ),
  ];
}

/** Routes to the gateway's interfaces, and those of its networks that lead nowhere any more. */
export function removeRoutes(
  { aws, ask }: GatewayContext,
  tables: readonly RouteTable[],
  { interfaces, networks }: { interfaces: readonly GatewayInterface[]; networks: TunnelNetworks | undefined },
): readonly Change[] {
  const own = interfaces.map(({ id }) => id);
  const destinations = networks === undefined ? [] : routedNetworks(networks);
  return tables.flatMap(({ id, routes }) =>
    routes
      .filter(
        ({ destination, target, state }) =>
          own.includes(target) || (state === "blackhole" && destinations.includes(destination)),
      )
      .map(({ destination, target }) =>
        removal(`route to ${destination} in ${id}`, `${target}\n`, () =>
          ask("ec2:DeleteRoute", `route-table/${id}`, () => aws.deleteRoute(id, destination)),
        ),
      ),
  );
}

/** Routes to interfaces that go, when another gateway stays; its own process may have been faster, which is no matter. */
export function giveRoutes(
  { aws, ask }: GatewayContext,
  tables: readonly RouteTable[],
  { from, to }: { from: readonly GatewayInterface[]; to: string | undefined },
): readonly Change[] {
  if (to === undefined) return [];
  return tables.flatMap(({ id, routes }) =>
    routes
      .filter(({ target }) => from.some((own) => own.id === target))
      .map(({ destination, target }): Change => {
        const name = `route to ${destination} in ${id}`;
        return {
          target: name,
          action: "update",
          diff: diffOf(name, `${target}\n`, `${to}\n`),
          apply: () => ask("ec2:ReplaceRoute", `route-table/${id}`, () => aws.replaceRoute(id, destination, to)),
        };
      }),
  );
}

export function removeInstances(context: GatewayContext, instances: readonly GatewayInstance[]): readonly Change[] {
  const { aws, ask, names } = context;
  return instances.map(({ id, type }) =>
    removal(`instance ${id}`, pretty({ type }), async (print) => {
      await ask("ec2:TerminateInstances", `instance/${id}`, () => aws.terminateInstance(id));
      const isTooEarly = (error: unknown) => error === NOT_YET;
      const call = async () => {
        const present = await ask("ec2:DescribeInstances", "*", () => aws.listInstances(names.tags));
        if (present.some((instance) => instance.id === id)) throw NOT_YET;
      };
      await retryWhile(context, FOR_INSTANCE, { isTooEarly, print, call });
    }),
  );
}

const NOT_YET = new Error("the instance is not terminated yet");

export function removeAddresses({ aws, ask }: GatewayContext, addresses: readonly ElasticAddress[]): readonly Change[] {
  return addresses.map(({ allocationId, associationId, publicIp }) =>
    removal(`Elastic IP ${publicIp}`, pretty({ allocationId }), async () => {
      const resource = `elastic-ip/${allocationId}`;
      if (associationId !== undefined)
        await ask("ec2:DisassociateAddress", resource, () =>
          aws.disassociateAddress(associationId).catch(ignore("InvalidAssociationID.NotFound")),
        );
      await ask("ec2:ReleaseAddress", resource, () =>
        aws.releaseAddress(allocationId).catch(ignore("InvalidAllocationID.NotFound")),
      );
    }),
  );
}

export function removeInterfaces(context: GatewayContext, interfaces: readonly GatewayInterface[]): readonly Change[] {
  const { aws, ask } = context;
  return interfaces.map(({ id, address }) =>
    removal(`network interface ${id}`, pretty({ address }), (print) =>
      retryWhile(context, FOR_INTERFACE, {
        isTooEarly: (error) => isAwsCode(error, "InvalidParameterValue", "InvalidNetworkInterface.InUse"),
        print,
        call: () =>
          ask("ec2:DeleteNetworkInterface", `network-interface/${id}`, () =>
            aws.deleteInterface(id).catch(ignore("InvalidNetworkInterfaceID.NotFound")),
          ),
      }),
    ),
  );
}

export function removeGroups(context: GatewayContext, groups: readonly GatewayGroup[]): readonly Change[] {
  const { aws, ask } = context;
  return groups.map(({ id, tags }) =>
    removal(`security group ${id}`, pretty({ tags }), (print) =>
      retryWhile(context, FOR_INTERFACE, {
        isTooEarly: (error) => isAwsCode(error, "DependencyViolation"),
        print,
        call: () => ask("ec2:DeleteSecurityGroup", `security-group/${id}`, () => aws.deleteGroup(id)),
      }),
    ),
  );
}

/** A change that removes something. */
export function removal(target: string, before: string, apply: Change["apply"]): Change {
  return { target, action: "delete", diff: diffOf(target, before, undefined), apply };
}

/** An instance that is terminated takes an interface with it where someone set it so. */
function ignore(code: string): (error: unknown) => void {
  return (error) => {
    if (!isAwsCode(error, code)) throw error;
  };
}
