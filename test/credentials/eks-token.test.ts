import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { mintEksToken, TOKEN_LIFETIME_SECONDS } from "../../agent/credentials/eks-token.ts";
import type { AwsKeys } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const CLUSTER = { name: "demo", region: "us-west-2" };
const LONG_LIVED: AwsKeys = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};
const SESSION: AwsKeys = { ...LONG_LIVED, sessionToken: new Secret("FwoGZXIvYXdz/with+signs==and more") };

/** The query keys that aws-iam-authenticator's pkg/token accepts. */
const ALLOWED_QUERY_KEYS = [
  "Action",
  "Version",
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-Security-Token",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
];

async function mintUrl(keys: AwsKeys, cluster = CLUSTER, nowMs = NOW_MS): Promise<URL> {
  const { value } = await mintEksToken(keys, cluster, nowMs);
  const token = value.reveal();
  assert.match(token, /^k8s-aws-v1\.[A-Za-z0-9_-]+$/, "base64url without padding");
  return new URL(Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString("utf8"));
}

/** Signature Version 4, computed from AWS's description of it and not by the library that signed. */
function computeSignature(url: URL, clusterName: string, secret: string): string {
  const percentEncode = (text: string) =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = [...url.searchParams]
    .filter(([key]) => key !== "X-Amz-Signature")
    .map(([key, value]) => `${percentEncode(key)}=${percentEncode(value)}`)
    .toSorted()
    .join("&");
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const canonical = [
    "GET",
    "/",
    query,
    `host:${url.host}`,
    `x-k8s-aws-id:${clusterName}`,
    "",
    "host;x-k8s-aws-id",
    sha256(""),
  ];
  const [, date = "", region = "", service = ""] = (url.searchParams.get("X-Amz-Credential") ?? "").split("/");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", url.searchParams.get("X-Amz-Date"), scope, sha256(canonical.join("\n"))].join(
    "\n",
  );
  const key = [date, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, toSign).toString("hex");
}

test("the token of fixed keys at a fixed time is always the same", async () => {
  const { value, expiresAtMs } = await mintEksToken(LONG_LIVED, CLUSTER, NOW_MS);
  assert.equal(
    Buffer.from(value.reveal().slice("k8s-aws-v1.".length), "base64url").toString("utf8"),
    "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=a53315e5b5b4bb54c29d32b3dcd0619487e455d104b30b5e4d92eb5fcadfc552",
  );
  assert.equal(expiresAtMs, NOW_MS + 14 * 60_000);
});

test("STS would accept the signature: it equals one computed by hand, with and without a session token", async () => {
  for (const keys of [LONG_LIVED, SESSION]) {
    const url = await mintUrl(keys);
    assert.equal(
      url.searchParams.get("X-Amz-Signature"),
      computeSignature(url, CLUSTER.name, keys.secretAccessKey.reveal()),
    );
  }
});

test("the signature covers the cluster's name: a token of one cluster is not one of another", async () => {
  const signatures = await Promise.all(
    ["demo", "other"].map(async (name) =>
      (await mintUrl(SESSION, { ...CLUSTER, name })).searchParams.get("X-Amz-Signature"),
    ),
  );
  assert.notEqual(signatures[0], signatures[1]);
});

test("the URL contains nothing that aws-iam-authenticator refuses", async () => {
  const url = await mintUrl(SESSION);
  for (const key of url.searchParams.keys()) assert.ok(ALLOWED_QUERY_KEYS.includes(key), key);
  assert.equal(new Set(url.searchParams.keys()).size, [...url.searchParams.keys()].length, "no key twice");
  assert.deepEqual([url.protocol, url.port, url.pathname, url.hash], ["https:", "", "/", ""]);
  assert.equal(url.searchParams.get("X-Amz-SignedHeaders"), "host;x-k8s-aws-id");
  assert.equal(url.searchParams.get("X-Amz-Security-Token"), SESSION.sessionToken?.reveal());
  assert.equal(url.searchParams.get("Action"), "GetCallerIdentity");
  const expires = Number(url.searchParams.get("X-Amz-Expires"));
  assert.ok(expires > 0 && expires <= 900);
});

test("a session token of 1600 characters, longer than STS gives today, still makes a token of at most 4096 bytes", async () => {
  const keys = {
    ...LONG_LIVED,
    sessionToken: new Secret(Buffer.from(Array.from({ length: 1200 }, (_, index) => index % 251)).toString("base64")),
  };
  const { value } = await mintEksToken(keys, { ...CLUSTER, name: "c".repeat(100) }, NOW_MS);
  assert.ok(Buffer.byteLength(value.reveal()) <= 4096, `${Buffer.byteLength(value.reveal())} bytes`);
});

test("the host is the regional endpoint of the region's partition", async () => {
  const hosts = {
    "us-east-1": "sts.us-east-1.amazonaws.com",
    "us-gov-west-1": "sts.us-gov-west-1.amazonaws.com",
    "cn-north-1": "sts.cn-north-1.amazonaws.com.cn",
    "eusc-de-east-1": "sts.eusc-de-east-1.amazonaws.eu",
  };
  for (const [region, host] of Object.entries(hosts))
    assert.equal((await mintUrl(LONG_LIVED, { name: "demo", region })).host, host);
});

test("a token counts as expired a minute before EKS says so", () => {
  assert.equal(TOKEN_LIFETIME_SECONDS, 14 * 60);
});

test("minting costs at most 5 ms, in the median of 51", async () => {
  const durations: number[] = [];
  for (let round = 0; round < 51; round += 1) {
    const start = performance.now();
    await mintEksToken(SESSION, CLUSTER, NOW_MS + round * 1000);
    durations.push(performance.now() - start);
  }
  const median = durations.toSorted((one, other) => one - other)[25] ?? Number.POSITIVE_INFINITY;
  assert.ok(median <= 5, `${median.toFixed(2)} ms`);
});

test("a token does not show itself when printed", async () => {
  const token = await mintEksToken(SESSION, CLUSTER, NOW_MS);
  assert.doesNotMatch(JSON.stringify(token) + String(token.value), /k8s-aws-v1/);
});
