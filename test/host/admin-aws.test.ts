// The administrator's calls against a server on the loopback interface that answers as IAM and EKS do.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createAdminAws } from "../../agent/host/admin-aws.ts";
import { AWS_VARIABLES } from "../fakes/aws-environment.ts";

const ROLE_ARN = "arn:aws:iam::111122223333:role/team/nodes";

interface Answer {
  readonly status?: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function setUp(context: TestContext, answer: (request: IncomingMessage, body: string) => Answer) {
  const requests: { method: string; url: string; body: string; authorization: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method = "", url = "", headers } = request;
    requests.push({ method, url, body, authorization: headers.authorization ?? "" });
    const { status = 200, headers: sent = {}, body: text } = answer(request, body);
    response.writeHead(status, sent).end(text);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const before = AWS_VARIABLES.map((name) => [name, process.env[name]] as const);
  context.after(() => {
    server.closeAllConnections();
    server.close();
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  for (const name of AWS_VARIABLES) delete process.env[name];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "AKIAADMIN",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_CONFIG_FILE: "/nonexistent",
  });
  return { aws: createAdminAws("us-west-2", undefined), requests };
}

const role = (body: string) => `<GetRoleResponse><GetRoleResult><Role>${body}</Role></GetRoleResult></GetRoleResponse>`;

test("the keys are those of AWS's default chain, and sign every call", async (context) => {
  const { aws, requests } = await setUp(context, () => ({ body: "{}" }));
  const { accessKeyId, secretAccessKey } = await aws.readKeys();
  assert.deepEqual([accessKeyId, secretAccessKey.reveal()], ["AKIAADMIN", "secret"]);
  await aws.createAccessEntry("demo", ROLE_ARN, "HYBRID_LINUX");
  assert.match(requests[0]?.authorization ?? "", /Credential=AKIAADMIN\/\d{8}\/us-west-2\/eks/);
});

test("an access entry is created, found and deleted by its principal's ARN", async (context) => {
  const accessEntry = { principalArn: ROLE_ARN, type: "HYBRID_LINUX", username: "system:node:{{SessionName}}" };
  const { aws, requests } = await setUp(context, () => ({ body: JSON.stringify({ accessEntry }) }));
  await aws.createAccessEntry("demo", ROLE_ARN, "HYBRID_LINUX");
  assert.deepEqual(await aws.findAccessEntry("demo", ROLE_ARN), { ...accessEntry, groups: [] });
  await aws.deleteAccessEntry("demo", ROLE_ARN);
  const path = `/clusters/demo/access-entries/${encodeURIComponent(ROLE_ARN)}`;
  assert.deepEqual(
    requests.map(({ method, url }) => `${method} ${url}`),
    ["POST /clusters/demo/access-entries", `GET ${path}`, `DELETE ${path}`],
  );
  const { principalArn, type } = JSON.parse(requests[0]?.body ?? "");
  assert.deepEqual([principalArn, type], [ROLE_ARN, "HYBRID_LINUX"]);
  await aws.createAccessEntry("demo", ROLE_ARN, "STANDARD", ["eks-satellite:gateways"]);
  assert.deepEqual(JSON.parse(requests.at(-1)?.body ?? "").kubernetesGroups, ["eks-satellite:gateways"]);
});

test("entries are listed to the last page", async (context) => {
  const { aws } = await setUp(context, ({ url }) => ({
    body: JSON.stringify(
      url?.includes("nextToken=2") ? { accessEntries: ["b"] } : { accessEntries: ["a"], nextToken: "2" },
    ),
  }));
  assert.deepEqual(await aws.listAccessEntries("demo"), ["a", "b"]);
});

test("a role is returned with its whole ARN, its policy as JSON, and its tags", async (context) => {
  const trust = '{"Version":"2012-10-17","Statement":[]}';
  const tags = "<Tags><member><Key>eks-satellite:cluster</Key><Value>arn:x</Value></member></Tags>";
  const { aws, requests } = await setUp(context, () => ({
    body: role(
      `<Arn>${ROLE_ARN}</Arn><AssumeRolePolicyDocument>${encodeURIComponent(trust)}</AssumeRolePolicyDocument>${tags}`,
    ),
  }));
  assert.deepEqual(await aws.findRole("nodes"), {
    arn: ROLE_ARN,
    trustPolicy: trust,
    tags: { "eks-satellite:cluster": "arn:x" },
  });
  assert.equal(new URLSearchParams(requests[0]?.body).get("RoleName"), "nodes");
});

test("a missing entry or role is undefined, and every other refusal keeps AWS's name", async (context) => {
  const { aws } = await setUp(context, (request, body) => {
    if (request.url?.startsWith("/clusters"))
      return { status: 404, headers: { "x-amzn-errortype": "ResourceNotFoundException" }, body: "{}" };
    const code = body.includes("Action=GetRole&") ? "NoSuchEntity" : "AccessDenied";
    return {
      status: 403,
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
    };
  });
  assert.equal(await aws.findAccessEntry("demo", ROLE_ARN), undefined);
  assert.equal(await aws.findRole("nodes"), undefined);
  await assert.rejects(aws.findRolePolicy("nodes", "p"), { name: "AccessDenied" });
});

test("a role is created with its trust policy and tags, and changed by its name", async (context) => {
  const { aws, requests } = await setUp(context, () => ({ body: "<x/>" }));
  await aws.createRole({ name: "nodes", description: "d", trustPolicy: "{}", tags: { a: "b" } });
  await aws.setTrustPolicy("nodes", '{"a":1}');
  await aws.putRolePolicy("nodes", "p", '{"b":1}');
  const sent = requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  assert.deepEqual(
    sent.map(({ Action, RoleName, AssumeRolePolicyDocument, PolicyDocument }) => [
      Action,
      RoleName,
      AssumeRolePolicyDocument ?? PolicyDocument,
    ]),
    [
      ["CreateRole", "nodes", "{}"],
      ["UpdateAssumeRolePolicy", "nodes", '{"a":1}'],
      ["PutRolePolicy", "nodes", '{"b":1}'],
    ],
  );
  assert.deepEqual([sent[0]?.["Tags.member.1.Key"], sent[0]?.["Tags.member.1.Value"]], ["a", "b"]);
});
