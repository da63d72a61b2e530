import assert from "node:assert/strict";
import { test } from "node:test";
import { type CreateOptions, createEniCommand } from "../../../agent/commands/eni.ts";
import { FULL_SUBNET, GROUP, SUBNET, setUpEc2 } from "../../fakes/memory-ec2.ts";

const VPC = { id: "vpc-1", subnetIds: [SUBNET], securityGroupId: GROUP, hasPublicEndpoint: true, publicCidrs: [] };
const OPTIONS: CreateOptions = {
  ...{ cluster: "demo", region: "us-east-1", suffix: "aws", output: "text", yes: true },
  securityGroup: [],
};

function create(
  change: Partial<CreateOptions> = {},
  prepare: (made: ReturnType<typeof setUpEc2>) => void = () => undefined,
) {
  const made = setUpEc2();
  made.aws.cluster = { ...made.aws.cluster, vpc: VPC };
  prepare(made);
  return { ec2: made.ec2, outcome: createEniCommand(made.context, { ...OPTIONS, ...change }, () => undefined) };
}

test("without a subnet those of the cluster's VPC are listed, by zone, with their free addresses", async () => {
  const { ec2, outcome } = create();
  await assert.rejects(outcome, {
    code: "options-invalid",
    message: "--subnet is missing",
    hint: `Give one of vpc-1, the VPC of cluster demo: ${SUBNET} (us-east-1a, 250 free addresses, the cluster's), ${FULL_SUBNET} (us-east-1b, 0 free addresses).`,
  });
  assert.deepEqual(ec2.enis, []);
});

test("without a security group those of the VPC are listed, the cluster's first", async () => {
  await assert.rejects(create({ subnet: SUBNET }).outcome, {
    message: "--security-group is missing",
    hint: `Give one of vpc-1, the VPC of cluster demo, or more: ${GROUP} (name-of-${GROUP}, the cluster's).`,
  });
});

test("a list has an end", async () => {
  const many = Array.from({ length: 30 }, (_, index) => ({
    id: `subnet-${index}`,
    vpcId: "vpc-1",
    availabilityZone: "a",
    freeAddresses: 1,
  }));
  const { outcome } = create({}, ({ ec2 }) => void Object.assign(ec2, { subnets: many }));
  await assert.rejects(outcome, { hint: /, and 10 more\.$/ });
});

for (const [what, prepare, message] of [
  [
    "EC2 may not be asked",
    ({ ec2 }: ReturnType<typeof setUpEc2>) => ec2.deny("DescribeSubnets"),
    /DescribeSubnets on \* was denied/,
  ],
  [
    "the cluster names no VPC",
    ({ aws }: ReturnType<typeof setUpEc2>) => void Object.assign(aws, { cluster: { status: "CREATING" } }),
    /names no VPC/,
  ],
] as const) {
  test(`where ${what}, the error says how to find them`, async () => {
    await assert.rejects(create({}, prepare).outcome, {
      code: "options-invalid",
      message,
      hint: /describe-cluster --region us-east-1 --name demo/,
    });
  });
}
