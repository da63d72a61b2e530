import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenCommand } from "../../../agent/commands/clusters/token.ts";
import { Secret } from "../../../agent/secret.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const OPTIONS = { cluster: "demo", region: "us-west-2" };
const KEYS = { accessKeyId: "AKIAADMIN", secretAccessKey: new Secret("admin-secret") };

async function ask(request?: string) {
  const printed: string[] = [];
  const environment = request === undefined ? {} : { KUBERNETES_EXEC_INFO: request };
  await tokenCommand({ readKeys: async () => KEYS, environment, now: () => NOW_MS }, OPTIONS, (text) =>
    printed.push(text),
  );
  return JSON.parse(printed.join(""));
}

test("the token names the cluster and its region, and ends before EKS stops accepting it", async () => {
  const { kind, status } = await ask();
  assert.equal(kind, "ExecCredential");
  assert.equal(status.expirationTimestamp, "2026-01-02T03:18:05Z", "RFC 3339 in whole seconds, as kubectl reads it");
  const url = new URL(Buffer.from(status.token.replace("k8s-aws-v1.", ""), "base64url").toString());
  assert.equal(url.hostname, "sts.us-west-2.amazonaws.com");
  assert.match(url.searchParams.get("X-Amz-SignedHeaders") ?? "", /x-k8s-aws-id/);
});

const asked = (apiVersion: unknown) => JSON.stringify({ apiVersion, kind: "ExecCredential", spec: {} });
for (const [what, request, version] of [
  ["kubectl's own", asked("client.authentication.k8s.io/v1beta1"), "client.authentication.k8s.io/v1beta1"],
  ["the newest", asked("client.authentication.k8s.io/v1"), "client.authentication.k8s.io/v1"],
  ["none", undefined, "client.authentication.k8s.io/v1"],
  ["one that is not known", asked("client.authentication.k8s.io/v9"), "client.authentication.k8s.io/v1"],
  ["no JSON", "{", "client.authentication.k8s.io/v1"],
  ["null", "null", "client.authentication.k8s.io/v1"],
] as const) {
  test(`asked for ${what} of the versions, it answers with ${version}`, async () => {
    assert.equal((await ask(request)).apiVersion, version);
  });
}

test("without keys it says how to get some", async () => {
  const readKeys = () => Promise.reject(new Error("Could not load credentials from any providers"));
  const context = { readKeys, environment: {}, now: () => NOW_MS };
  await assert.rejects(
    tokenCommand(context, OPTIONS, () => undefined),
    { code: "credentials-missing", hint: /aws sso login/ },
  );
});

test("a name that no cluster can have is refused before anything is signed", async () => {
  const readKeys = () => assert.fail("the keys were read");
  const context = { readKeys, environment: {}, now: () => NOW_MS };
  await assert.rejects(
    tokenCommand(context, { ...OPTIONS, cluster: "-" }, () => undefined),
    { code: "cluster-invalid" },
  );
});
