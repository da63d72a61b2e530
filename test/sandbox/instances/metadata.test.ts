import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../vpc/cloud.ts";
import { MetadataTokens } from "./metadata-tokens.ts";
import { lookUp, renderMetadata } from "./metadata-tree.ts";
import { nextStep } from "./next-step.ts";

const MAC = "02:00:00:00:00:01";
const INSTANCE: Cloud["instances"][number] = {
  id: "i-0a",
  state: "running",
  type: "t4g.small",
  image: "ami-1",
  zone: "us-east-1a",
  launchedAt: "2026-01-02T03:04:05+00:00",
  userData: Buffer.from("#!/bin/sh\n").toString("base64"),
  instanceProfile: "arn:aws:iam::123456789012:instance-profile/web",
  requiresToken: true,
  hopLimit: 1,
  tags: {},
  interfaces: ["eni-1"],
};
const CLOUD = {
  vpc: "vpc-1",
  cidrs: ["10.0.0.0/16"],
  subnets: [{ id: "subnet-1", cidr: "10.0.1.0/24", zone: "us-east-1a" }],
  securityGroups: [{ id: "sg-1", name: "web", ingress: [], egress: [] }],
  interfaces: [
    {
      id: "eni-1",
      subnet: "subnet-1",
      mac: MAC,
      address: "10.0.1.4",
      addresses: ["10.0.1.4"],
      publicAddress: "198.51.100.7",
      securityGroups: ["sg-1"],
      instance: "i-0a",
      deviceIndex: 0,
    },
  ],
  instances: [INSTANCE],
} as unknown as Cloud;
const KEYS = { AccessKeyId: "ASIA", SecretAccessKey: "secret", Token: "token" };
const CREDENTIALS = { role: "web", ...KEYS, LastUpdated: "2026-01-02T03:04:05Z", Expiration: "2026-01-02T09:04:05Z" };

const look = (path: string, cloud = CLOUD) => lookUp(renderMetadata(cloud, INSTANCE, CREDENTIALS), path);

test("the metadata service says where and who an instance is", () => {
  assert.equal(look("meta-data/instance-id"), "i-0a");
  assert.equal(look("meta-data/local-ipv4"), "10.0.1.4");
  assert.equal(look("meta-data/public-ipv4"), "198.51.100.7");
  assert.equal(look("meta-data/placement/region"), "us-east-1");
  assert.equal(look("meta-data/local-hostname"), "ip-10-0-1-4.ec2.internal");
  assert.equal(look(`meta-data/network/interfaces/macs/${MAC}/vpc-ipv4-cidr-block`), "10.0.0.0/16");
  assert.equal(look("user-data"), "#!/bin/sh\n");
  assert.equal(JSON.parse(look("dynamic/instance-identity/document") ?? "").instanceId, "i-0a");
});

test("it lists folders with a slash, and knows no name that is not there", () => {
  assert.equal(look("meta-data/placement/"), "availability-zone\nregion");
  assert.match(look("meta-data") ?? "", /^iam\/$/m);
  for (const path of ["meta-data/constructor", "meta-data/placement/region/x", "nothing"])
    assert.equal(look(path), undefined);
});

test("it gives the keys of a role under the role's name, and without a role nothing of it", () => {
  assert.equal(look("meta-data/iam/security-credentials/"), "web");
  const keys = JSON.parse(look("meta-data/iam/security-credentials/web") ?? "");
  assert.deepEqual(keys, {
    Code: "Success",
    Type: "AWS-HMAC",
    ...KEYS,
    LastUpdated: CREDENTIALS.LastUpdated,
    Expiration: CREDENTIALS.Expiration,
  });
  assert.equal(lookUp(renderMetadata(CLOUD, INSTANCE, undefined), "meta-data/iam"), undefined);
});

test("without an Elastic IP there is no public address", () => {
  const [one] = CLOUD.interfaces;
  const cloud = { ...CLOUD, interfaces: [{ ...one, publicAddress: null }] } as unknown as Cloud;
  assert.equal(look("meta-data/public-ipv4", cloud), undefined);
  assert.equal(look("meta-data/public-hostname", cloud), undefined);
});

test("a token is good for its instance and its time", () => {
  let now = 0;
  const tokens = new MetadataTokens(() => now);
  const token = tokens.create("i-0a", "60") ?? "";
  assert.equal(tokens.isValid("i-0a", token), true);
  assert.equal(tokens.isValid("i-0b", token), false);
  now = 60_000;
  assert.equal(tokens.isValid("i-0a", token), false);
  for (const seconds of ["", "0", "21601", "1.5", "-1", "999999"])
    assert.equal(tokens.create("i-0a", seconds), undefined, seconds);
});

test("tokens do not grow without end: the oldest makes way", () => {
  const tokens = new MetadataTokens();
  const first = tokens.create("i-0a", "60") ?? "";
  for (let count = 0; count < 1000; count += 1) tokens.create("i-0a", "60");
  assert.equal(tokens.isValid("i-0a", first), false);
});

test("the runner follows what AWS says of an instance", () => {
  const off = { isRunning: false, isHeld: false, hasFiles: true };
  const on = { ...off, isRunning: true };
  assert.deepEqual(nextStep("pending", { ...off, hasFiles: false }), { kind: "launch" });
  assert.equal(nextStep("running", on), undefined);
  assert.deepEqual(nextStep("stopping", on), { kind: "stop" });
  assert.equal(nextStep("stopped", off), undefined);
  assert.deepEqual(nextStep("shutting-down", on), { kind: "remove" });
  assert.deepEqual(nextStep(undefined, off), { kind: "remove" });
  assert.equal(nextStep("terminated", { ...off, hasFiles: false }), undefined);
});

test("an instance that ends by itself is reported, and one that a test holds off is not", () => {
  const off = { isRunning: false, isHeld: false, hasFiles: true };
  assert.deepEqual(nextStep("running", off), { kind: "report", state: "stopped" });
  assert.equal(nextStep("running", { ...off, isHeld: true }), undefined);
});
