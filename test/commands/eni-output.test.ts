import assert from "node:assert/strict";
import { test } from "node:test";
import type { Account } from "../../agent/admin/account.ts";
import { describeEni, renderEnis, renderNextSteps, renderPlan } from "../../agent/commands/eni-output.ts";
import type { NetworkInterface } from "../../agent/host/ec2.ts";
import { MemoryEc2, SUBNET } from "../fakes/memory-ec2.ts";

const OPTIONS = { region: "us-east-1", suffix: "aws", output: "text" } as const;

function eni(changes: Partial<NetworkInterface> = {}): NetworkInterface {
  return new MemoryEc2().add(changes);
}

test("columns are as wide as their widest cell, and an empty cell is a dash", () => {
  const [heading = "", first = "", second = ""] = renderEnis(
    [eni({ id: "eni-1", privateIp: "10.0.2.27" }), eni({ id: "eni-0123456789abcdef0", privateIp: "" })],
    OPTIONS,
  ).split("\n");
  assert.equal(heading.indexOf("NAME"), "eni-0123456789abcdef0".length + 2);
  assert.match(first, /^eni-1 {18}\S/);
  assert.match(first, /fargate-ip-10-0-2-27\.ec2\.internal$/);
  assert.match(second, /-$/, "no address, no node name");
});

test("the suffix decides the form of the name", () => {
  const { nodeName } = describeEni(eni({ privateIp: "10.0.2.27" }), { ...OPTIONS, suffix: "regional" });
  assert.equal(nodeName, "fargate-ip-10-0-2-27.us-east-1.compute.internal");
});

test("a plan shows the subnet, the tags and the notes", () => {
  const subnet = { id: SUBNET, vpcId: "vpc-1", availabilityZone: "us-east-1a", freeAddresses: 250 };
  const request = { cluster: "demo", subnet: SUBNET, securityGroup: ["sg-1", "sg-2"], name: "one" };
  const text = renderPlan({ kind: "absent", subnet, notes: ["a note"], create: () => assert.fail() }, request);
  assert.match(
    text,
    /^A network interface in subnet-\S+ \(us-east-1a, vpc-1, 250 free addresses\) with sg-1, sg-2, tagged /,
  );
  assert.match(text, /Name=one/);
  assert.match(text, /\n! a note\n$/);
});

test("the next steps name partition, account and node", () => {
  const account = { partition: "aws-us-gov", number: "111122223333" } as Account;
  const text = renderNextSteps(eni({ id: "eni-1", privateIp: "10.0.2.27" }), { ...OPTIONS, cluster: "demo" }, account);
  assert.match(
    text,
    /--user-arn arn:aws-us-gov:iam::111122223333:user\/USER --node-name fargate-ip-10-0-2-27\.ec2\.internal\n/,
  );
  assert.match(text, /configure --cluster demo --region us-east-1 --identity fargate --eni eni-1 --node-name /);
});
