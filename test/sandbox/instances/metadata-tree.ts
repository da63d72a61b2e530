// What EC2's metadata service knows of an instance, as a tree of names: of AWS's description alone.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
import { accountId, region } from "../state.ts";
import type { Cloud, CloudInstance, CloudInterface } from "../vpc/cloud.ts";

/** A value, or a folder of names. */
export type MetadataTree = string | { readonly [name: string]: MetadataTree };

/** Keys of an instance's role, as AWS gives them. */
export interface RoleCredentials {
  readonly role: string;
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly LastUpdated: string;
  readonly Expiration: string;
}

/** The tree of an instance. */
export function renderMetadata(
  cloud: Cloud,
  instance: CloudInstance,
  credentials: RoleCredentials | undefined,
): MetadataTree {
  const interfaces = instance.interfaces.flatMap((eni) => cloud.interfaces.find((found) => found.id === eni) ?? []);
  return present({
    "meta-data": renderMain(cloud, instance, interfaces, credentials),
    dynamic: { "instance-identity": { document: renderDocument(instance, interfaces[0]) } },
    "user-data": instance.userData ? Buffer.from(instance.userData, "base64").toString("latin1") : undefined,
  });
}

function renderMain(
  cloud: Cloud,
  instance: CloudInstance,
  interfaces: readonly CloudInterface[],
  credentials: RoleCredentials | undefined,
): MetadataTree {
  const [primary] = interfaces;
  const name = hostName(primary?.address ?? "");
  const publicAddress = primary?.publicAddress ?? undefined;
  const groups = cloud.securityGroups.filter(({ id }) => primary?.securityGroups.includes(id));
  return present({
    "ami-id": instance.image,
    "ami-launch-index": "0",
    hostname: name,
    iam: credentials && renderRole(instance, credentials),
    "instance-id": instance.id,
    "instance-life-cycle": "on-demand",
    "instance-type": instance.type,
    "local-hostname": name,
    "local-ipv4": primary?.address,
    mac: primary?.mac,
    network: {
      interfaces: { macs: Object.fromEntries(interfaces.map((each) => [each.mac, renderInterface(cloud, each)])) },
    },
    placement: { "availability-zone": instance.zone, region },
    "public-hostname": publicAddress && `ec2-${publicAddress.replaceAll(".", "-")}.compute-1.amazonaws.com`,
    "public-ipv4": publicAddress,
    "reservation-id": instance.id.replace("i-", "r-"),
    "security-groups": groups.map((group) => group.name).join("\n"),
    services: { domain: "amazonaws.com", partition: "aws" },
  });
}

function renderRole({ instanceProfile }: CloudInstance, { role, ...keys }: RoleCredentials): MetadataTree {
  const info = { Code: "Success", LastUpdated: keys.LastUpdated, InstanceProfileArn: instanceProfile ?? "" };
  const credentials = { Code: "Success", Type: "AWS-HMAC", ...keys };
  return { info: toText(info), "security-credentials": { [role]: toText(credentials) } };
}

function renderInterface(cloud: Cloud, one: CloudInterface): MetadataTree {
  const subnet = cloud.subnets.find(({ id }) => id === one.subnet);
  return present({
    "device-number": String(one.deviceIndex ?? 0),
    "interface-id": one.id,
    "local-hostname": hostName(one.address),
    "local-ipv4s": one.addresses.join("\n"),
    mac: one.mac,
    "owner-id": accountId,
    "public-ipv4s": one.publicAddress ?? undefined,
    "security-group-ids": one.securityGroups.join("\n"),
    "subnet-id": one.subnet,
    "subnet-ipv4-cidr-block": subnet?.cidr,
    "vpc-id": cloud.vpc,
    "vpc-ipv4-cidr-block": cloud.cidrs[0],
    "vpc-ipv4-cidr-blocks": cloud.cidrs.join("\n"),
  });
}

function renderDocument(instance: CloudInstance, primary: CloudInterface | undefined): string {
  return toText({
    accountId,
    architecture: "x86_64",
    availabilityZone: instance.zone,
    imageId: instance.image,
    instanceId: instance.id,
    instanceType: instance.type,
    pendingTime: instance.launchedAt,
    privateIp: primary?.address ?? null,
    region,
    version: "2017-09-30",
  });
}

/** The name that the VPC's resolver has for an address. */
export function hostName(address: string): string {
  return `ip-${address.replaceAll(".", "-")}.ec2.internal`;
}

/** What the service answers for a path: a value, the names of a folder, of which folders end with a slash, or undefined for 404. */
export function lookUp(tree: MetadataTree, path: string): string | undefined {
  let found: MetadataTree | undefined = tree;
  for (const name of path.split("/").filter(Boolean)) {
    if (typeof found === "string" || found === undefined || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  if (found === undefined || typeof found === "string") return found;
  return Object.entries(found)
    .map(([name, value]) => (typeof value === "string" ? name : `${name}/`))
    .join("\n");
}

function present(tree: Readonly<Record<string, MetadataTree | undefined>>): MetadataTree {
  return Object.fromEntries(
    Object.entries(tree).filter((entry): entry is [string, MetadataTree] => entry[1] !== undefined),
  );
}

function toText(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
