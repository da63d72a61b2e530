import assert from "node:assert/strict";
import { test } from "node:test";
import { fargateNamePattern, fargateNodeName, isFargateNodeName } from "../../agent/config/fargate-name.ts";

/** One region of each partition and shape of name, with the suffix that EC2 gives there. */
const REGIONS = {
  "us-east-1": "ec2.internal",
  "us-east-2": "us-east-2.compute.internal",
  "us-west-2": "us-west-2.compute.internal",
  "eu-central-1": "eu-central-1.compute.internal",
  "ap-southeast-5": "ap-southeast-5.compute.internal",
  "mx-central-1": "mx-central-1.compute.internal",
  "us-gov-east-1": "us-gov-east-1.compute.internal",
  "us-gov-west-1": "us-gov-west-1.compute.internal",
  "cn-north-1": "cn-north-1.compute.internal",
  "cn-northwest-1": "cn-northwest-1.compute.internal",
  "us-iso-east-1": "us-iso-east-1.compute.internal",
  "eusc-de-east-1": "eusc-de-east-1.compute.internal",
};

for (const [region, suffix] of Object.entries(REGIONS)) {
  test(`in ${region} a node is named as EC2 names addresses, or by its region, and nothing else is such a name`, () => {
    const name = fargateNodeName("10.0.2.27", region);
    const regional = fargateNodeName("10.0.2.27", region, "regional");
    assert.equal(name, `fargate-ip-10-0-2-27.${suffix}`);
    assert.equal(regional, `fargate-ip-10-0-2-27.${region}.compute.internal`);
    for (const own of [name, regional]) assert.ok(isFargateNodeName(own, region), own);
    for (const other of Object.keys(REGIONS).filter((each) => each !== region))
      assert.ok(!isFargateNodeName(fargateNodeName("10.0.2.27", other, "regional"), region), other);
    assert.equal(isFargateNodeName("fargate-ip-10-0-2-27.ec2.internal", region), region === "us-east-1");
    assert.ok(fargateNodeName("255.255.255.255", region, "regional").length <= 63, "a label's value is no longer");
  });
}

test("other names are not mistaken for a Fargate node's", () => {
  for (const name of [
    "fargate-ip-10-0-2.ec2.internal",
    "fargate-ip-10-0-2-256.ec2.internal",
    "fargate-ip-10-0-2-027.ec2.internal",
    "ip-10-0-2-27.ec2.internal",
    "fargate-ip-10-0-2-27",
    "fargate-ip-10-0-2-27.ec2.internal.example.com",
  ])
    assert.ok(!isFargateNodeName(name, "us-east-1"), name);
});

test("an address that is none is refused", () => {
  for (const address of ["10.0.2", "10.0.2.256", "2001:db8::1", "", "10.0.2.27/24"])
    assert.throws(() => fargateNodeName(address, "us-east-1"), { code: "address-invalid" });
});

test("messages show both forms where there are two", () => {
  assert.equal(
    fargateNamePattern("us-east-1"),
    "fargate-ip-A-B-C-D.ec2.internal or fargate-ip-A-B-C-D.us-east-1.compute.internal",
  );
  assert.equal(fargateNamePattern("cn-north-1"), "fargate-ip-A-B-C-D.cn-north-1.compute.internal");
});
