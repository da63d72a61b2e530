import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../agent/redact/redactor.ts";
import { startCpuClock } from "../fakes/cpu-time.ts";

const SECRET = 'wJalr/XUtn+FEMI"K7MDENG';

test("a known secret is taken out wherever it stands, under its name, and counted", () => {
  const redactor = createRedactor([{ name: "the key", value: SECRET }]);
  assert.equal(redactor.text(`a ${SECRET} b ${SECRET}`), "a [redacted: the key] b [redacted: the key]");
  assert.equal(redactor.count, 2);
});

test("a known secret is found in a URL, in JSON and in base64, at each of the three alignments", () => {
  const { text } = createRedactor([{ name: "key", value: SECRET }]);
  const inUrl = text(`https://x/?a=${encodeURIComponent(SECRET)}`);
  assert.equal(inUrl, "https://x/?a=[redacted: key]");
  assert.equal(text(JSON.stringify({ a: SECRET })), '{"a":"[redacted: key]"}');
  for (const before of ["", "u", "us"]) {
    const encoded = Buffer.from(`${before}${SECRET}:x`).toString("base64");
    assert.match(text(encoded), /\[redacted: key\]/, before);
  }
});

test("of two secrets that hold one another the longer is taken out whole", () => {
  const redactor = createRedactor([
    { name: "short", value: "abcdefgh" },
    { name: "long", value: "abcdefghijklmnop" },
  ]);
  assert.equal(redactor.text("abcdefghijklmnop"), "[redacted: long]");
});

test("a value too short to be told from a word is left alone", () => {
  assert.equal(createRedactor([{ name: "pin", value: "node" }]).text("a node of nodes"), "a node of nodes");
});

const PEM = `-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPVn${"A".repeat(40)}\nAAAA==\n-----END EC PRIVATE KEY-----`;
/** What nobody told us of: the text, what of it must be gone, and what must stay. */
const UNKNOWN: readonly (readonly [name: string, text: string, gone: string, stays: RegExp])[] = [
  ["an EKS token", "token k8s-aws-v1.aHR0cHM6Ly9zdHM is old", "aHR0cHM6Ly9zdHM", /^token .* is old$/],
  ["a JSON web token", "with eyJhbGciOiJSUzI1.eyJzdWIiOiJ4In0.c2ln today", "eyJzdWIiOiJ4In0", /^with .* today$/],
  [
    "a presigned URL",
    "GET https://sts/?Action=GetCallerIdentity&X-Amz-Signature=0a1b2c3d&X-Amz-Date=20260101T000000Z",
    "0a1b2c3d",
    /Action=GetCallerIdentity.*X-Amz-Date=20260101T000000Z$/,
  ],
  [
    "an encoded presigned URL",
    "X-Amz-Security-Token%3DIQoJb3JpZ2luX2VjE",
    "IQoJb3JpZ2luX2VjE",
    /^X-Amz-Security-Token/,
  ],
  ["an access key", "key AKIAIOSFODNN7EXAMPLE of user", "IOSFODNN7EXA", /^key AKIA.*MPLE of user$/],
  ["a proxy's password", "HTTPS_PROXY=http://joe:hunter2@proxy:3128", "hunter2", /@proxy:3128$/],
  ["a token in place of a user", "git https://ghp_0123456789@github.com/x", "ghp_0123456789", /github\.com\/x$/],
  ["a header", "Authorization: Bearer abcdef.ghijkl", "abcdef.ghijkl", /^Authorization: /],
  [
    "a basic header in JSON",
    '{"authorization":"Basic am9lOmh1bnRlcjI="}',
    "am9lOmh1bnRlcjI",
    /^\{"authorization":.*\}$/,
  ],
  ["a scheme alone", "sent Bearer abcdef0123456789 to x", "abcdef0123456789", /^sent Bearer .* to x$/],
  ["a variable", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI next=1", "wJalrXUtnFEMI", /next=1$/],
  ["a quoted value with blanks", 'password = "correct horse" user=joe', "correct horse", /user=joe$/],
  ["a quoted value in JSON in JSON", '{"a":"{\\"password\\":\\"hunter22\\"}"}', "hunter22", /^\{"a":/],
  ["a registry's auth", 'auth = "am9lOmh1bnRlcjI="', "am9lOmh1bnRlcjI", /^auth = /],
  ["a private key", `before\n${PEM}\nafter`, "MHcCAQEEIPVn", /^before\n.*\nafter$/s],
  ["a private key on one line", `{"k":"${PEM.replaceAll("\n", "\\n")}"}`, "MHcCAQEEIPVn", /^\{"k":/],
  ["a private key that is cut off", PEM.slice(0, 60), "MHcCAQEEIPVn", /^\[redacted: private key\]$/],
];
for (const [name, text, gone, stays] of UNKNOWN) {
  test(`${name} that nobody told of is taken out, and what stands around it stays`, () => {
    const safe = createRedactor([]).text(text);
    assert.doesNotMatch(safe, new RegExp(gone.replaceAll(".", "\\.")));
    assert.match(safe, stays);
  });
}

test("of a private key whose lines are known nothing stays, the short last line neither", () => {
  const lines = PEM.split("\n");
  const redactor = createRedactor(lines.slice(1, -2).map((value) => ({ name: "line", value })));
  assert.equal(redactor.text(`a\n${PEM}\nb`), "a\n[redacted: private key]\nb");
});

test("what stands beside a known secret in one value goes with it, and a value that is gone keeps its better name", () => {
  const { text } = createRedactor([{ name: "known", value: "0123456789" }]);
  assert.equal(text('password = "0123456789 and more" x'), "password = [redacted: value] x");
  assert.equal(text('password = "0123456789" x'), 'password = "[redacted: known]" x');
});

test("what only sounds like a secret stays: times, paths, reasons, hints", () => {
  const lines = [
    "keys until 2026-01-02T03:04:05.000Z, token until 2026-01-02T03:18:05.000Z condition=CredentialsFresh",
    "there is no token for kubelet yet → CredentialsRenewed says what the keys lack. code=token-missing",
    "tokenFile: /run/eks-satellite/kubelet-token",
    "tokenSeconds: 300",
    "eks_satellite_token_expiry_seconds 812",
    "keysFile: /etc/eks-satellite/aws-keys",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "AROAEXAMPLE arn:aws:sts::111122223333:assumed-role/satellite/gpu-1",
    "auth:\n  username: joe",
    '"auth": { "username": "joe" }',
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
  ];
  const redactor = createRedactor([]);
  assert.deepEqual(lines.map(redactor.text), lines);
  assert.equal(redactor.count, 0);
});

test("in a document a key that names a secret hides its value, a table below it is looked into, and the rest stays", () => {
  const { tree } = createRedactor([{ name: "known", value: "0123456789" }]);
  const document = {
    credentials: { keysFile: "/etc/keys", assumeRole: { arn: "arn:aws:iam::1:role/x" } },
    registry: { auth: { username: "joe", password: "a b", identitytoken: "t" }, apiKeys: 1 },
    intervals: { tokenSeconds: 300 },
    passwords: ["0123456789 is known"],
    number: { secret: 12_345 },
  };
  assert.deepEqual(tree(document), {
    credentials: { keysFile: "/etc/keys", assumeRole: { arn: "arn:aws:iam::1:role/x" } },
    registry: {
      auth: { username: "joe", password: "[redacted: password]", identitytoken: "[redacted: identitytoken]" },
      apiKeys: 1,
    },
    intervals: { tokenSeconds: 300 },
    passwords: ["[redacted: known] is known"],
    number: { secret: "[redacted: secret]" },
  });
});

test("a long line takes no long time", () => {
  const cpuMs = startCpuClock();
  createRedactor([{ name: "x", value: SECRET }]).text(`${"a".repeat(500_000)} ${"ab.".repeat(100_000)} token=1`);
  assert.ok(cpuMs() < 2000, `${cpuMs()} ms`);
});
