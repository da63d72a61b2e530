// The instance that runs the gateway: from a public image, on the interface that was made before it. Everything it needs is in its user data.
import { SatelliteError } from "../../../errors.ts";
import type { GatewayInstance } from "../../../host/gateway-aws/types.ts";
import { type Change, diffOf, pretty } from "../../change.ts";
import type { Allowance } from "../rules.ts";
import { type Package, renderUserData } from "../user-data.ts";
import { type GatewayContext, isAwsCode, type Later, retryWhile, type Waiting } from "./context.ts";

export interface InstanceSpec {
  readonly type: string;
  /** An AMI's id, or the name of an SSM parameter that holds one. */
  readonly image: string | undefined;
  readonly package: Package | undefined;
  readonly allowances: readonly Allowance[];
  readonly allowsUserspace: boolean;
}

export interface Placement {
  readonly interfaceId: Later<string>;
  readonly address: Later<string>;
  readonly publicIp: Later<string>;
}

const FOR_PROFILE: Waiting = {
  attempts: 15,
  everyMilliseconds: 2000,
  says: "EC2 does not know the instance profile yet; asking again",
};
/** An instance that shuts down keeps its interface for up to some minutes. */
const FOR_INTERFACE: Waiting = {
  attempts: 120,
  everyMilliseconds: 5000,
  says: "the network interface is still attached to another instance; waiting until EC2 has let go of it",
};

/** Ubuntu's own parameter (documentation.ubuntu.com, "Find Ubuntu images on AWS"): the newest image of the release in every region. */
export function defaultImage(instanceType: string): string {
  return `/aws/service/canonical/ubuntu/server/24.04/stable/current/${architectureOf(instanceType)}/hvm/ebs-gp3/ami-id`;
}

/** What RunInstances takes: EC2 looks a parameter up by itself. */
export function imageReference(image: string): string {
  return image.startsWith("ami-") ? image : `resolve:ssm:${image}`;
}

/** AWS's types with Graviton processors have a g after the generation: t4g, c7gn, m8gd; a1 is the oldest. */
export function architectureOf(instanceType: string): "arm64" | "amd64" {
  return /^(a1|[a-z]+\d+g[a-z]*)\./.test(instanceType) ? "arm64" : "amd64";
}

/** @throws package-missing when an instance has to be made, and nothing says which program it is to run */
export function planInstance(
  context: GatewayContext,
  present: GatewayInstance | undefined,
  spec: InstanceSpec,
  placement: Placement,
): readonly Change[] {
  if (present === undefined) return [planLaunch(context, spec, placement)];
  if (present.state !== "stopped" && present.state !== "stopping") return [];
  const { aws, ask } = context;
  const target = `instance ${present.id}`;
  return [
    {
      target,
      action: "update",
      diff: diffOf(target, `${present.state}\n`, "running\n"),
      apply: (print) =>
        retryWhile(
          context,
          { attempts: 30, everyMilliseconds: 5000, says: "the instance is still stopping; waiting" },
          {
            isTooEarly: (error) => isAwsCode(error, "IncorrectInstanceState"),
            print,
            call: () => ask("ec2:StartInstances", `instance/${present.id}`, () => aws.startInstance(present.id)),
          },
        ),
    },
  ];
}

function planLaunch(context: GatewayContext, spec: InstanceSpec, placement: Placement): Change {
  const { aws, ask, names } = context;
  const { interfaceId, publicIp, address } = placement;
  const image = imageReference(spec.image ?? defaultImage(spec.type));
  const settings = { ...names, ...spec, package: packageOf(spec) };
  const shown = renderUserData({
    ...settings,
    publicAddress: publicIp.known ?? "PUBLIC-ADDRESS",
    address: address.known ?? "ADDRESS",
  });
  const launch = () =>
    ask("ec2:RunInstances", "instance/*", () =>
      aws.runInstance({
        type: spec.type,
        image,
        interfaceId: interfaceId.get(),
        profile: names.role,
        userData: renderUserData({ ...settings, publicAddress: publicIp.get(), address: address.get() }),
        tags: names.tags,
      }),
    );
  const target = `instance ${names.label}`;
  const facts = { type: spec.type, image, metadata: "IMDSv2 only", tags: names.tags };
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, `${pretty(facts)}${shown}`),
    apply: async (print) => {
      const call = () => retryWhile(context, FOR_PROFILE, { isTooEarly: isProfileUnknown, print, call: launch });
      await retryWhile(context, FOR_INTERFACE, { isTooEarly: isInterfaceInUse, print, call });
    },
  };
}

/** The package that a new instance installs. @throws package-missing */
export function packageOf({ package: program }: InstanceSpec): Package {
  if (program !== undefined) return program;
  throw new SatelliteError(
    "package-missing",
    "--package-url and --package-sha256 are missing: a new instance has to install this program",
    {
      hint: "Give the address of the Debian package of a release for the instance's architecture, and its line of SHA256SUMS.",
    },
  );
}

function isProfileUnknown(error: unknown): boolean {
  return isInvalidParameter(error, /instance profile/i);
}

function isInterfaceInUse(error: unknown): boolean {
  return isAwsCode(error, "InvalidNetworkInterface.InUse") || isInvalidParameter(error, /currently in use/i);
}

/** One code of EC2's is for many parameters: its words say which. */
function isInvalidParameter(error: unknown, words: RegExp): boolean {
  for (let link = error; link instanceof Error; link = link.cause)
    if (link.name === "InvalidParameterValue" && words.test(link.message)) return true;
  return false;
}
