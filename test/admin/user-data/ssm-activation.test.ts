import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import {
  createActivation,
  READ_MANAGED_NAME,
  renderRegistration,
} from "../../../agent/admin/user-data/ssm-activation.ts";
import type { HttpRequest, HttpResponse } from "../../../agent/host/host.ts";
import { Secret } from "../../../agent/secret.ts";
import { BootMachine } from "../../fakes/boot-machine.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: new Secret(SECRET), sessionToken: new Secret("token==") };
const REQUEST = { region: "us-west-2", cluster: "demo", nodeName: "gpu-1", role: "ssm-machines" };
const ID = "f3a1b2c4-0000-4000-8000-000000000001";

async function create(
  answer: HttpResponse = { status: 200, body: JSON.stringify({ ActivationId: ID, ActivationCode: "c0de" }) },
) {
  const host = new MemoryHost();
  const asked: HttpRequest[] = [];
  host.onFetch = (request) => {
    asked.push(request);
    return answer;
  };
  return { asked, activation: await createActivation(host, KEYS, REQUEST, NOW_MS) };
}

test("it is one call for one machine and one hour, named after the node", async () => {
  const { asked, activation } = await create();
  assert.equal(asked.length, 1);
  const [{ method, url, headers, body = "" } = assert.fail("nothing was asked")] = asked;
  assert.deepEqual([method, url], ["POST", "https://ssm.us-west-2.amazonaws.com/"]);
  assert.equal(headers?.["x-amz-target"], "AmazonSSM.CreateActivation");
  assert.deepEqual(JSON.parse(body), {
    IamRole: "ssm-machines",
    RegistrationLimit: 1,
    ExpirationDate: Date.UTC(2026, 0, 2, 4, 4, 5) / 1000,
    Description: "Node of EKS cluster demo outside AWS (eks-satellite)",
    DefaultInstanceName: "gpu-1",
    Tags: [
      { Key: "eks-satellite:cluster", Value: "demo" },
      { Key: "eks-satellite:node", Value: "gpu-1" },
    ],
  });
  assert.deepEqual([activation.id, activation.code.reveal()], [ID, "c0de"]);
});

/** Signature Version 4, from AWS's description of it and not by the library that signed. */
function signatureOf({ headers = {}, body = "" }: HttpRequest, signed: string): string {
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const lines = signed.split(";").map((name) => `${name}:${headers[name]}\n`);
  const canonical = ["POST", "/", "", lines.join(""), signed, sha256(body)].join("\n");
  const scope = "20260102/us-west-2/ssm/aws4_request";
  const key = ["20260102", "us-west-2", "ssm", "aws4_request"].reduce(hmac, `AWS4${SECRET}` as string | Buffer);
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  return hmac(key, toSign).toString("hex");
}

test("the call is signed, its body and target with it", async () => {
  const [request = assert.fail("nothing was asked")] = (await create()).asked;
  const [, signed = "", signature] =
    /SignedHeaders=([^,]+), Signature=(\w+)$/.exec(request.headers?.authorization ?? "") ?? [];
  for (const name of ["host", "x-amz-target", "x-amz-date", "x-amz-security-token", "content-type"])
    assert.ok(signed.split(";").includes(name), name);
  assert.equal(signature, signatureOf(request, signed));
});

for (const [what, status, type, code, hint] of [
  [
    "a denial",
    400,
    "AccessDeniedException",
    "aws-forbidden",
    /Allow ssm:CreateActivation on \* to access key AKIDEXAMPLE/,
  ],
  ["a role that is none", 400, "com.amazonaws.ssm#InvalidParameters", "aws-refused", /./],
  ["old keys", 400, "ExpiredTokenException", "credentials-expired", /run this again/],
  ["a service that is down", 500, "InternalServerError", "aws-failed", /AWS itself/],
] as const) {
  test(`${what} is explained as of every other call`, async () => {
    const body = JSON.stringify({ __type: type, message: "said AWS" });
    await assert.rejects(create({ status, body }), { code, hint });
  });
}

test("an answer without a code is no activation", async () => {
  await assert.rejects(create({ status: 200, body: "<html>" }));
});

const machine = new BootMachine();
test.after(() => machine.remove());

test("a machine registers itself with AWS's program, once for its architecture", () => {
  const commands = renderRegistration({ id: ID, code: new Secret("c0/de='$(id)"), region: "cn-north-1" });
  const download =
    'download() { printf "%s\\n" "#!/bin/sh" \'printf "%s|" "$@" >>called\' >"$2"; echo "$1" >>fetched; }\n';
  const { status, stderr, read } = machine.boot(`set -eu\nwork=$(mktemp -d)\n${download}${commands}`);
  assert.equal(status, 0, stderr);
  assert.equal(
    read("fetched"),
    "https://amazon-ssm-cn-north-1.s3.cn-north-1.amazonaws.com.cn/latest/linux_amd64/ssm-setup-cli\n",
  );
  assert.equal(read("called"), `-register|-region|cn-north-1|-activation-id|${ID}|-activation-code|c0/de='$(id)|`);
});

test("the Node's name is read from the agent's registration, and a machine without one is no node", () => {
  const file = "registration";
  const commands = READ_MANAGED_NAME.replaceAll("/var/lib/amazon/ssm/registration", file);
  const write = `echo '{"ManagedInstanceID":"mi-0123456789abcdef0","Region":"us-west-2","InstanceType":""}' >${file}\n`;
  assert.equal(machine.boot(`set -eu\n${write}${commands}echo "$node_name"\n`).stdout, "mi-0123456789abcdef0\n");
  const missing = machine.boot(`set -eu\necho '{}' >${file}\n${commands}echo "$node_name"\n`);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /names no managed instance/);
});
