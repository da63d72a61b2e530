// The AWS clients against a server on the loopback interface that answers as AWS does.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { isAwsOwnProblem } from "../../agent/aws/aws-error.ts";
import { readCluster } from "../../agent/aws/cluster.ts";
import { type AwsKeys, createAws } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";
import { clusterCa } from "../fakes/certificates.ts";

const KEYS: AwsKeys = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: new Secret("S"), sessionToken: new Secret("T") };
const ROLE = { arn: "arn:aws:iam::111122223333:role/r", sessionName: "gpu-1", durationSeconds: 900, externalId: "lab" };
const CREDENTIALS = `<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>new</SecretAccessKey><SessionToken>tok</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration></Credentials>`;
const stsAnswer = (action: string) =>
  `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${CREDENTIALS}</${action}Result></${action}Response>`;

interface Answer {
  readonly status?: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function setUp(context: TestContext, answer: (request: IncomingMessage) => Answer) {
  const requests: { url: string | undefined; body: string; headers: IncomingMessage["headers"] }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push({ url: request.url, body, headers: request.headers });
    const { status = 200, headers = {}, body: text } = answer(request);
    response.writeHead(status, headers).end(text);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { aws: createAws("us-west-2", { sts: url, eks: url }), requests };
}

test("AssumeRole sends the role, the session name, the duration and the external id, and returns keys with their expiry", async (context) => {
  const { aws, requests } = await setUp(context, () => ({ body: stsAnswer("AssumeRole") }));
  const keys = await aws.assumeRole(KEYS, ROLE);
  const asked = new URLSearchParams(requests[0]?.body);
  assert.deepEqual(
    ["Action", "RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"].map((name) => asked.get(name)),
    ["AssumeRole", ROLE.arn, "gpu-1", "900", "lab"],
  );
  assert.match(requests[0]?.headers.authorization ?? "", /Credential=AKIAEXAMPLE\/\d{8}\/us-west-2\/sts/);
  assert.equal(requests[0]?.headers["x-amz-security-token"], "T");
  assert.deepEqual(
    [keys.accessKeyId, keys.secretAccessKey.reveal(), keys.sessionToken?.reveal(), keys.expiresAtMs],
    ["ASIA1", "new", "tok", Date.UTC(2026, 0, 2, 3, 4, 5)],
  );
});

test("GetSessionToken returns session keys of the user", async (context) => {
  const { aws, requests } = await setUp(context, () => ({ body: stsAnswer("GetSessionToken") }));
  assert.equal((await aws.getSessionToken(KEYS, 3600)).sessionToken?.reveal(), "tok");
  assert.equal(new URLSearchParams(requests[0]?.body).get("DurationSeconds"), "3600");
});

test("DescribeCluster's answer becomes facts", async (context) => {
  const cluster = {
    name: "demo",
    arn: "arn:aws:eks:us-west-2:111122223333:cluster/demo",
    status: "ACTIVE",
    version: "1.34",
    endpoint: "https://ABC.gr7.us-west-2.eks.amazonaws.com",
    certificateAuthority: { data: Buffer.from(clusterCa).toString("base64") },
    kubernetesNetworkConfig: { serviceIpv4Cidr: "10.100.0.0/16", ipFamily: "ipv4" },
    remoteNetworkConfig: {
      remoteNodeNetworks: [{ cidrs: ["10.1.0.0/16"] }, { cidrs: ["10.2.0.0/16", "10.3.0.0/16"] }],
      remotePodNetworks: [{ cidrs: ["10.4.0.0/16"] }],
    },
  };
  const { aws, requests } = await setUp(context, () => ({ body: JSON.stringify({ cluster }) }));
  const facts = await readCluster(aws, KEYS, { name: "demo", region: "us-west-2" }, 1);
  assert.deepEqual([facts.serviceCidr, facts.version, facts.caPem], ["10.100.0.0/16", "1.34", clusterCa]);
  assert.deepEqual(facts.remoteNetworks, {
    nodes: ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"],
    pods: ["10.4.0.0/16"],
  });
  assert.equal(requests[0]?.url, "/clusters/demo");
});

test("AWS's refusals keep AWS's own names", async (context) => {
  const denied = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`;
  const { aws } = await setUp(context, () => ({ status: 403, body: denied }));
  await assert.rejects(aws.assumeRole(KEYS, ROLE), { name: "AccessDenied" });
});

test("a cluster that does not exist keeps AWS's error name", async (context) => {
  const { aws } = await setUp(context, () => ({
    status: 404,
    headers: { "x-amzn-errortype": "ResourceNotFoundException" },
    body: '{"message": "No cluster found for name: demo."}',
  }));
  await assert.rejects(readCluster(aws, KEYS, { name: "demo", region: "us-west-2" }, 1), { code: "cluster-not-found" });
});

test("an AWS that fails or is away is an error after few attempts", async (context) => {
  const { aws, requests } = await setUp(context, () => ({ status: 503, body: "" }));
  await assert.rejects(readCluster(aws, KEYS, { name: "demo", region: "us-west-2" }, 1), { code: "aws-failed" });
  assert.ok(requests.length <= 2, `${requests.length} tries`);
  const away = createAws("us-west-2", { eks: "http://127.0.0.1:1" });
  await assert.rejects(readCluster(away, KEYS, { name: "demo", region: "us-west-2" }, 1), { code: "aws-unreachable" });
});

test("a call that AWS throttles is tried once more, after the pause that AWS asks for, and then given up", async (context) => {
  const arrivedMs: number[] = [];
  const body = JSON.stringify({ __type: "ThrottlingException", message: "Rate exceeded" });
  const headers = { "content-type": "application/json", "x-amzn-errortype": "ThrottlingException" };
  const { aws } = await setUp(context, () => {
    arrivedMs.push(performance.now());
    return { status: 400, body, headers: { ...headers, "x-amz-retry-after": "300" } };
  });
  const error = await aws.describeCluster(KEYS, "demo").catch((thrown: unknown) => thrown);
  const [first = 0, second = 0, ...others] = arrivedMs;
  assert.ok(second - first >= 290, `the second try came after ${second - first} ms`);
  assert.deepEqual(others, []);
  assert.equal(isAwsOwnProblem(error), true);
});
