import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheCluster, readCachedCluster, readCluster } from "../../agent/aws/cluster.ts";
import type { AwsKeys, ClusterDescription } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";
import { clusterCa } from "../fakes/certificates.ts";
import { awsError, connectionRefused, MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleCluster } from "../fakes/samples.ts";

const KEYS: AwsKeys = { accessKeyId: "A", secretAccessKey: new Secret("S") };
const CLUSTER = { name: "demo", region: "us-west-2" };
const NOW_MS = Date.UTC(2026, 0, 1);
const CACHE = "/var/lib/eks-satellite/cluster.json";

function read(changes: Partial<ClusterDescription> = {}, error?: Error) {
  const aws = new MemoryAws(() => NOW_MS);
  aws.cluster = { ...aws.cluster, ...changes };
  if (error !== undefined) aws.fail(error);
  return readCluster(aws, KEYS, CLUSTER, NOW_MS);
}

test("DescribeCluster's answer becomes facts, the certificate authority decoded", async () => {
  assert.deepEqual(await read(), sampleCluster());
});

test("an IPv6 cluster's facts carry the IPv6 service CIDR", async () => {
  const facts = await read({ ipFamily: "ipv6", serviceIpv6Cidr: "fd12::/108", serviceIpv4Cidr: undefined });
  assert.deepEqual([facts.ipFamily, facts.serviceCidr], ["ipv6", "fd12::/108"]);
});

test("a cluster that EKS is updating serves its API and is accepted", async () => {
  assert.equal((await read({ status: "UPDATING" })).version, "1.34");
});

test("a cluster that does not exist is named with its region", async () => {
  await assert.rejects(read({}, awsError("ResourceNotFoundException", 404)), {
    code: "cluster-not-found",
    message: "there is no cluster demo in us-west-2",
    hint: /aws eks list-clusters --region us-west-2/,
  });
});

test("a denied DescribeCluster says what to allow", async () => {
  await assert.rejects(read({}, awsError("AccessDeniedException", 403)), {
    code: "cluster-forbidden",
    hint: /Allow eks:DescribeCluster on cluster demo in us-west-2/,
  });
});

test("expired keys and an unreachable AWS are distinguished", async () => {
  await assert.rejects(read({}, awsError("ExpiredTokenException")), { code: "credentials-expired" });
  await assert.rejects(read({}, connectionRefused()), { code: "aws-unreachable" });
});

for (const status of ["CREATING", "DELETING", "FAILED", undefined]) {
  test(`a cluster with status ${status ?? "unknown"} is not active yet`, async () => {
    await assert.rejects(read({ status }), {
      code: "cluster-not-active",
      message: `cluster demo is ${status ?? "unknown"}`,
      hint: /joins by itself/,
    });
  });
}

test("a certificate authority that is not PEM is refused and shown", async () => {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  for (const data of [
    encode("not a certificate"),
    encode("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    "",
    undefined,
  ]) {
    await assert.rejects(read({ certificateAuthorityData: data }), { code: "cluster-ca-invalid", hint: /base64 -d/ });
  }
  await assert.rejects(read({ certificateAuthorityData: encode("not a certificate") }), {
    message: /"not a certificate"/,
  });
});

test("a description without service CIDR, endpoint or version names what is absent", async () => {
  await assert.rejects(read({ serviceIpv4Cidr: "" }), {
    code: "cluster-incomplete",
    message: /no service CIDR \(ipv4\)/,
  });
  await assert.rejects(read({ ipFamily: "ipv6" }), { code: "cluster-incomplete", message: /no service CIDR \(ipv6\)/ });
  await assert.rejects(read({ endpoint: undefined }), { code: "cluster-incomplete", message: /no endpoint/ });
  await assert.rejects(read({ version: undefined }), { code: "cluster-incomplete", message: /no version/ });
});

test("cached facts are read back", async () => {
  const host = new MemoryHost();
  await cacheCluster(host, CACHE, sampleCluster());
  assert.deepEqual(await readCachedCluster(host, CACHE, CLUSTER), sampleCluster());
  assert.equal(host.files.peek(CACHE)?.mode, 0o600);
});

test("facts of another cluster or region are not used for this one", async () => {
  const host = new MemoryHost();
  await cacheCluster(host, CACHE, sampleCluster());
  assert.equal(await readCachedCluster(host, CACHE, { ...CLUSTER, name: "other" }), undefined);
  assert.equal(await readCachedCluster(host, CACHE, { ...CLUSTER, region: "us-east-1" }), undefined);
});

test("a damaged cache counts as none", async () => {
  const host = new MemoryHost();
  const whole = JSON.stringify({ ...sampleCluster(), caPem: clusterCa });
  for (const text of ["", whole.slice(0, 100), "\0\0\0", JSON.stringify({ ...sampleCluster(), endpoint: 7 })]) {
    host.files.put(CACHE, text);
    assert.equal(await readCachedCluster(host, CACHE, CLUSTER), undefined);
  }
});
