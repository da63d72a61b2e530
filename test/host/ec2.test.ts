// EC2's calls against a server on the loopback interface that answers as EC2 does.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createEc2 } from "../../agent/host/ec2.ts";
import { Secret } from "../../agent/secret.ts";

const ITEM = `<networkInterfaceId>eni-1</networkInterfaceId><description>d</description><status>in-use</status>
  <privateIpAddress>10.0.2.27</privateIpAddress><privateDnsName>ip-10-0-2-27.ec2.internal</privateDnsName>
  <vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId><availabilityZone>us-east-1a</availabilityZone>
  <groupSet><item><groupId>sg-1</groupId></item><item><groupId>sg-2</groupId></item></groupSet>
  <attachment><instanceId>i-1</instanceId><status>attached</status></attachment>
  <tagSet><item><key>Name</key><value>one</value></item></tagSet>`;
const ENI = {
  id: "eni-1",
  description: "d",
  status: "in-use",
  privateIp: "10.0.2.27",
  privateDnsName: "ip-10-0-2-27.ec2.internal",
  vpcId: "vpc-1",
  subnetId: "subnet-1",
  availabilityZone: "us-east-1a",
  securityGroupIds: ["sg-1", "sg-2"],
  attachedTo: "i-1",
  tags: { Name: "one" },
};

async function setUp(context: TestContext, answer: (parameters: Record<string, string>) => string | undefined) {
  const requests: Record<string, string>[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const parameters = Object.fromEntries(new URLSearchParams(body));
    requests.push({ ...parameters, authorization: request.headers.authorization ?? "" });
    const text = answer(parameters);
    const refusal =
      "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
    response.writeHead(text === undefined ? 403 : 200, { "content-type": "text/xml" }).end(text ?? refusal);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const before = process.env.AWS_ENDPOINT_URL;
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  context.after(() => {
    server.closeAllConnections();
    server.close();
    if (before === undefined) delete process.env.AWS_ENDPOINT_URL;
    else process.env.AWS_ENDPOINT_URL = before;
  });
  const keys = { accessKeyId: "AKIAONE", secretAccessKey: new Secret("s") };
  return { ec2: createEc2("us-east-1", { keys }), requests };
}

const reply = (action: string, content: string) => `<${action}Response>${content}</${action}Response>`;

test("interfaces are found by tags and by id, page by page, signed with the given keys", async (context) => {
  const { ec2, requests } = await setUp(context, ({ Action = "", NextToken }) =>
    reply(
      Action,
      `<networkInterfaceSet><item>${ITEM}</item></networkInterfaceSet>${NextToken === undefined ? "<nextToken>t</nextToken>" : ""}`,
    ),
  );
  assert.deepEqual(await ec2.listNetworkInterfaces({ "eks-satellite:cluster": undefined, Name: "one" }), [ENI, ENI]);
  const [first, second] = requests;
  assert.deepEqual(
    [first?.["Filter.1.Name"], first?.["Filter.1.Value.1"], first?.["Filter.2.Name"], first?.["Filter.2.Value.1"]],
    ["tag-key", "eks-satellite:cluster", "tag:Name", "one"],
  );
  assert.equal(second?.NextToken, "t");
  assert.match(first?.authorization ?? "", /Credential=AKIAONE\/\d{8}\/us-east-1\/ec2/);
  assert.deepEqual(await ec2.findNetworkInterface("eni-1"), ENI);
  assert.equal(requests.at(-1)?.["Filter.1.Name"], "network-interface-id");
});

test("what does not exist is undefined, or left out", async (context) => {
  const { ec2 } = await setUp(context, ({ Action = "" }) => reply(Action, ""));
  assert.equal(await ec2.findSubnet("subnet-1"), undefined);
  assert.deepEqual(await ec2.findSecurityGroups(["sg-1"]), []);
  assert.equal(await ec2.findNetworkInterface("eni-1"), undefined);
});

test("a subnet has its VPC and its free addresses, a security group its VPC", async (context) => {
  const { ec2 } = await setUp(context, ({ Action = "" }) =>
    reply(
      Action,
      Action === "DescribeSubnets"
        ? "<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><availabilityZone>us-east-1a</availabilityZone><availableIpAddressCount>7</availableIpAddressCount></item></subnetSet>"
        : "<securityGroupInfo><item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId></item></securityGroupInfo>",
    ),
  );
  assert.deepEqual(await ec2.findSubnet("subnet-1"), {
    id: "subnet-1",
    vpcId: "vpc-1",
    availabilityZone: "us-east-1a",
    freeAddresses: 7,
  });
  assert.deepEqual(await ec2.findSecurityGroups(["sg-1", "sg-2"]), [{ id: "sg-1", vpcId: "vpc-1" }]);
});

test("an interface is created with its tags in the same call, each with its own token, and deleted by its id", async (context) => {
  const { ec2, requests } = await setUp(context, ({ Action = "" }) =>
    reply(Action, `<networkInterface>${ITEM.replace(/<attachment>.*<\/attachment>/s, "")}</networkInterface>`),
  );
  const request = { subnetId: "subnet-1", securityGroupIds: ["sg-1", "sg-2"], description: "d", tags: { Name: "one" } };
  assert.deepEqual(await ec2.createNetworkInterface(request), { ...ENI, attachedTo: undefined });
  await ec2.createNetworkInterface(request);
  await ec2.deleteNetworkInterface("eni-1");
  const [first, second, third] = requests;
  assert.equal(first?.SubnetId, "subnet-1");
  assert.deepEqual([first?.["SecurityGroupId.1"], first?.["SecurityGroupId.2"]], ["sg-1", "sg-2"]);
  assert.deepEqual(
    ["ResourceType", "Tag.1.Key", "Tag.1.Value"].map((name) => first?.[`TagSpecification.1.${name}`]),
    ["network-interface", "Name", "one"],
  );
  assert.notEqual(first?.ClientToken, undefined);
  assert.notEqual(first?.ClientToken, second?.ClientToken);
  assert.deepEqual([third?.Action, third?.NetworkInterfaceId], ["DeleteNetworkInterface", "eni-1"]);
});

test("a refusal keeps AWS's name", async (context) => {
  const { ec2 } = await setUp(context, () => undefined);
  await assert.rejects(ec2.deleteNetworkInterface("eni-1"), { name: "UnauthorizedOperation" });
});
