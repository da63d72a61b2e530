import assert from "node:assert/strict";
import { test } from "node:test";
import { listClustersCommand, showClusterCommand } from "../../../agent/commands/clusters/clusters.ts";
import { setUpAdmin } from "../../fakes/memory-admin.ts";

const VPC = {
  id: "vpc-1",
  subnetIds: ["subnet-1", "subnet-2"],
  securityGroupId: "sg-1",
  hasPublicEndpoint: true,
  publicCidrs: ["198.51.100.0/24"],
};

function setUp(environment: Readonly<Record<string, string>> = {}) {
  const { aws, adminAws, print, said } = setUpAdmin();
  aws.cluster = { ...aws.cluster, vpc: VPC };
  const asked: string[] = [];
  const openAdmin = async (region: string) => {
    asked.push(region);
    return { aws, adminAws };
  };
  const list = (change: object = {}) =>
    listClustersCommand(
      { openAdmin, environment },
      { region: ["us-west-2"], allRegions: false, output: "text", ...change },
      print,
    );
  const show = (name: string, output: "text" | "json" = "text") =>
    showClusterCommand({ openAdmin }, name, { region: "us-west-2", output }, print);
  return { adminAws, asked, list, show, said };
}

test("the list has a line for each cluster, and what to do about each obstacle", async () => {
  const { list, said } = setUp();
  await list();
  assert.equal(
    said(),
    [
      "NAME  REGION     VERSION  STATUS  MODE                ENDPOINT                   REMOTE NETWORKS  SATELLITES",
      "demo  us-west-2  1.34     ACTIVE  API_AND_CONFIG_MAP  public to 198.51.100.0/24  192.0.2.0/24     kept out",
      "",
      "✗ demo: its API server answers 198.51.100.0/24 alone → Unless the machine's public address is in there, add it: aws eks update-cluster-config --region us-west-2 --name demo --resources-vpc-config endpointPublicAccess=true,publicAccessCidrs=198.51.100.0/24,ADDRESS/32.",
      "",
    ].join("\n"),
  );
});

test("regions come from the options, or from the environment as the AWS CLI has it", async () => {
  const { list, asked } = setUp({ AWS_DEFAULT_REGION: "eu-west-1" });
  await list({ region: ["us-west-2", "us-east-1", "us-west-2"] });
  await list({ region: [] });
  assert.deepEqual(asked, ["us-west-2", "us-east-1", "eu-west-1"]);
  await list({ region: [], allRegions: true });
  assert.ok(asked.includes("ap-southeast-2") && asked.length > 30);
  await assert.rejects(setUp().list({ region: [] }), { code: "options-invalid", hint: /AWS_REGION/ });
});

test("a region without clusters, and one that is refused, are said", async () => {
  const none = setUp();
  none.adminAws.clusters = [];
  await none.list();
  assert.equal(none.said(), "no cluster in us-west-2 is seen\n");
  const denied = setUp();
  denied.adminAws.denied.add("eks:ListClusters");
  await denied.list();
  assert.match(denied.said(), /^! us-west-2 is not shown: .* → Allow eks:ListClusters/m);
});

test("one cluster is shown whole, with its subnets and its security group", async () => {
  const { show, said } = setUp();
  await show("demo");
  for (const line of [
    "name                 demo",
    "endpoint access      public to 198.51.100.0/24",
    "subnets              subnet-1, subnet-2",
    "security group       sg-1",
    "satellites           kept out",
  ])
    assert.ok(said().includes(`${line}\n`), said());
  await assert.rejects(show("-"), { code: "cluster-invalid" });
});

test("JSON has the description and the obstacles, and not the certificate", async () => {
  const { list, show, said } = setUp();
  await list({ output: "json" });
  const { clusters, unread } = JSON.parse(said());
  assert.deepEqual(unread, []);
  assert.equal(clusters[0].obstacles[0].kind, "out");
  assert.equal(clusters[0].certificateAuthorityData, undefined);
  const one = setUp();
  await one.show("demo", "json");
  assert.deepEqual(JSON.parse(one.said()), clusters[0]);
  assert.ok(show);
});
