import assert from "node:assert/strict";
import { test } from "node:test";
import { openAccount } from "../../agent/admin/account.ts";
import { ACCOUNT, ADMIN_ARN, setUpAdmin } from "../fakes/memory-admin.ts";
import { awsError } from "../fakes/memory-aws.ts";

async function open() {
  const { context, aws, adminAws } = setUpAdmin();
  const failing = async (error: Error) => {
    const account = await openAccount(await context.openAdmin(), "us-east-1");
    return account.ask("ec2:CreateNetworkInterface", "network-interface/*", () => Promise.reject(error));
  };
  return { context, aws, adminAws, failing };
}

const ec2Error = (name: string, message: string) => Object.assign(awsError(name), { message });

test("number and partition of the account come from the caller's ARN", async () => {
  const { context, aws } = await open();
  aws.callerArn = "arn:aws-cn:iam::444455556666:user/joe";
  const { number, partition, region, callerArn } = await openAccount(await context.openAdmin(), "cn-north-1");
  assert.deepEqual([number, partition, region], ["444455556666", "aws-cn", "cn-north-1"]);
  assert.equal(callerArn, aws.callerArn);
});

test("a caller that STS denies is an error that names the action", async () => {
  const { context, aws } = await open();
  aws.fail(awsError("AccessDenied", 403), "getCallerIdentity");
  await assert.rejects(openAccount(await context.openAdmin(), "us-east-1"), {
    code: "aws-forbidden",
    message: /^sts:GetCallerIdentity/,
  });
});

test("a call that succeeds returns its answer", async () => {
  const { context } = await open();
  const account = await openAccount(await context.openAdmin(), "us-east-1");
  assert.equal(await account.ask("ec2:DescribeSubnets", "*", async () => "subnets"), "subnets");
});

test("EC2's own codes become the program's, with EC2's message", async () => {
  const { failing } = await open();
  const codes = {
    "InvalidSubnetID.NotFound": "subnet-not-found",
    "InvalidGroup.NotFound": "security-group-not-found",
    "InvalidSecurityGroupID.NotFound": "security-group-not-found",
    InsufficientFreeAddressesInSubnet: "subnet-full",
    NetworkInterfaceLimitExceeded: "eni-limit",
    "InvalidNetworkInterfaceID.NotFound": "eni-not-found",
  };
  for (const [name, code] of Object.entries(codes))
    await assert.rejects(failing(ec2Error(name, `about ${name}`)), { code, message: `about ${name}`, hint: /\.$/ });
});

test("a denial of another action than the called one names that action", async () => {
  const { failing } = await open();
  const arn = `arn:aws:ec2:us-east-1:${ACCOUNT}:network-interface/*`;
  const message = `You are not authorized. User: ${ADMIN_ARN} is not authorized to perform: ec2:CreateTags on resource: ${arn} because`;
  await assert.rejects(failing(ec2Error("UnauthorizedOperation", message)), {
    code: "aws-forbidden",
    message: `ec2:CreateTags on ${arn} was denied`,
    hint: `Allow ec2:CreateTags on ${arn} to ${ADMIN_ARN}.`,
  });
});

test("RunInstances may lack iam:PassRole, and says so", async () => {
  const { failing } = await open();
  const arn = `arn:aws:iam::${ACCOUNT}:role/eks-satellite-demo-gateway-1-us-east-1`;
  const message = `You are not authorized. User: ${ADMIN_ARN} is not authorized to perform: iam:PassRole on resource: ${arn} because`;
  await assert.rejects(failing(ec2Error("UnauthorizedOperation", message)), {
    code: "aws-forbidden",
    hint: `Allow iam:PassRole on ${arn} to ${ADMIN_ARN}.`,
  });
});

test("a denial without details names the called action, and an unknown code is AWS's refusal", async () => {
  const { failing } = await open();
  await assert.rejects(failing(ec2Error("UnauthorizedOperation", "You are not authorized.")), {
    code: "aws-forbidden",
    message: `ec2:CreateNetworkInterface on arn:aws:ec2:us-east-1:${ACCOUNT}:network-interface/* was denied`,
  });
  await assert.rejects(failing(awsError("SomethingNew")), { code: "aws-refused", message: /SomethingNew/ });
});
