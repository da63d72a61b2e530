// The printed plan is Terraform's language, with the same pieces as the plan that is applied.
import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { PACKAGE, setUpGateway } from "../../fakes/gateway-admin.ts";
import { MAIN_TABLE, PRIVATE_TABLE } from "../../fakes/memory-gateway-vpc.ts";

const found = await execa("terraform", ["version"], { reject: false });
const skip = found.exitCode === 0 ? false : "terraform is not installed here: its own parser is the judge";

async function printed(options: object = {}) {
  const admin = setUpGateway();
  assert.equal(await admin.create({ print: "terraform", ...options }), 0);
  return { ...admin, text: admin.said() };
}

test("it names every piece, and changes nothing", async () => {
  const { text, gatewayAws } = await printed({ allow: [{ cidr: "10.0.0.0/16", port: 8080 }] });
  for (const type of [
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_instance_profile",
    "aws_eks_access_entry",
    "aws_security_group",
    "aws_network_interface",
    "aws_eip",
    "aws_instance",
    "aws_route",
    "aws_vpc_security_group_ingress_rule",
    "kubernetes_manifest",
    "kubernetes_config_map_v1",
  ])
    assert.match(text, new RegExp(`^resource "${type}" "`, "m"), type);
  assert.match(text, /source_dest_check = false/);
  assert.match(text, /http_tokens +(?:)= "required"/);
  for (const table of [MAIN_TABLE, PRIVATE_TABLE])
    assert.equal(text.split(`route_table_id         = "${table}"`).length - 1, 2, table);
  assert.match(text, /from_port +(?:)= 8080/);
  assert.match(text, /# {3}remote_network_config \{/);
  assert.deepEqual(
    gatewayAws.calls.filter((call) => !/^(Describe|Get)/.test(call)),
    [],
  );
});

test("the addresses in the user data are Terraform's references, and nothing else of it is a template", async () => {
  const { text } = await printed({ ...PACKAGE, packageUrl: "https://example.com/$" + "{x}.deb" });
  const references = [...text.matchAll(/(?<!\$)\$\{([^}]*)\}/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(references)].toSorted(), [
    "aws_eip.gateway.public_ip",
    "aws_network_interface.gateway.private_ip",
  ]);
});

test("Terraform's own parser takes it", { skip }, async () => {
  const { text } = await printed({ allow: [{ cidr: "10.0.0.0/16", port: undefined }], image: "ami-0123456789abcdef0" });
  const { exitCode, stderr } = await execa("terraform", ["fmt", "-no-color", "-"], { input: text, reject: false });
  assert.equal(exitCode, 0, stderr);
  const broken = await execa("terraform", ["fmt", "-no-color", "-"], {
    input: `${text}\nresource "x" "y" {`,
    reject: false,
  });
  assert.notEqual(broken.exitCode, 0, "the parser would say so");
});

test("for a gateway that is there it is refused: Terraform would make a second one", async () => {
  const admin = setUpGateway();
  await admin.create();
  await assert.rejects(admin.create({ print: "terraform" }), { code: "gateway-exists" });
});
