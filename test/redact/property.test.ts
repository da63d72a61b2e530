// Generated secrets in every form in which programs write them: none survives, and the names around them do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, constantFrom, integer, noShrink, property, string, tuple } from "fast-check";
import { stringify } from "yaml";
import { createRedactor } from "../../agent/redact/redactor.ts";

const BASE64 = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"];
const hasAllKinds = (text: string) => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text);
/** What is made smaller is random no more. One in 1,000 looks like a name: here only a name in front of it, or its kind, can tell. */
const LIKE_WORDS = /[A-Z]?[a-z]{3,}|[A-Z]{4,}|\d{4,}/g;
const random = (length: number) =>
  noShrink(
    array(constantFrom(...BASE64), { minLength: length, maxLength: length })
      .map((characters) => characters.join(""))
      .filter((text) => hasAllKinds(text) && (text.match(LIKE_WORDS) ?? []).join("").length < 0.6 * length),
  );
/** As people and generators choose them, without blanks, quotes and backslashes, which have forms of their own. */
const password = string({
  unit: constantFrom(...BASE64, ..."!#$%()*,-.:;<>?@[]^_{|}~&="),
  minLength: 8,
  maxLength: 24,
}).filter(
  (text) =>
    // What looks like the next of a list of values cannot be told from one.
    !/[,;&]\s*[A-Za-z_][\w.-]*[=:]/.test(text) && !/^[^\w]+$/.test(text),
);
/** Also with blanks, quotes and backslashes. */
const phrase = string({ unit: constantFrom(...BASE64, ..." \"'\\,;:@/&{}[]"), minLength: 8, maxLength: 24 }).filter(
  (text) => text.trim() === text && /[A-Za-z0-9]{4}/.test(text),
);

const pem = (body: string, kind = "PRIVATE KEY") =>
  [`-----BEGIN ${kind}-----`, ...(body.match(/.{1,64}/g) ?? []), `-----END ${kind}-----`].join("\n");
const journal = (text: string) => text.replaceAll(/^/gm, "2026-01-02T03:04:05.123456+00:00 gpu-1 helper[12]: ");
const encode = encodeURIComponent;

type Form = readonly [name: string, write: (secret: string) => string];

/** Forms of a password. */
const PASSWORD_FORMS: readonly Form[] = [
  ["a variable", (secret) => `DB_PASSWORD=${secret}`],
  ["a variable among others", (secret) => `A=1 DB_PASSWORD=${secret} LANG=C`],
  ["a variable of a unit", (secret) => `Environment=API_TOKEN=${secret}`],
  ["a value in a sentence", (secret) => `cannot log in: password=${secret} was refused`],
  ["an option", (secret) => `x --password=${secret} --host db`],
  ["an option with a blank", (secret) => `x --password A${secret} --host db`],
  ["curl's user", (secret) => `curl -u joe:${secret} https://example.com/`],
  ["an address", (secret) => `HTTPS_PROXY=http://joe:A${secret.replaceAll(/[<>]/g, "")}@proxy:3128`],
  ["a query", (secret) => `GET /x?token=${encode(secret)}&user=joe`],
  ["a query in a query", (secret) => `GET /x?next=${encode(`/y?token=${encode(secret)}&user=joe`)}`],
  ["a netrc", (secret) => `machine example.com login joe password ${secret}`],
  ["a netrc of lines", (secret) => `machine example.com\n  login joe\n  password ${secret}`],
  ["a profile", (secret) => `aws_secret_access_key = ${secret}`],
  ["a Go dump", (secret) => `Env:[]EnvVar{EnvVar{Name:GREETING,Value:${secret},ValueFrom:nil,},}`],
  ["an escaped equals sign", (secret) => `token\\u003d${secret}`],
  ["a coloured name", (secret) => `\u001b[1mtoken\u001b[0m=${secret}`],
  ["basic authentication", (secret) => `Authorization: Basic ${Buffer.from(`joe:${secret}`).toString("base64")}`],
  ["klog", (secret) => `E0102 03:04:05.000001 1 a.go:1] "Failed" err="exit 1: token=${secret}" pod="default/x"`],
];

/** Forms with quotes of their own. */
const PHRASE_FORMS: readonly Form[] = [
  ["JSON", (secret) => JSON.stringify({ user: "joe", password: secret, port: 1 })],
  ["indented JSON", (secret) => JSON.stringify({ user: "joe", password: secret, port: 1 }, undefined, 2)],
  ["JSON in JSON", (secret) => JSON.stringify({ body: JSON.stringify({ password: secret, port: 1 }) })],
  ["a pair", (secret) => JSON.stringify([{ name: "DB_PASSWORD", value: secret }])],
  ["a pair, value first", (secret) => JSON.stringify([{ value: secret, name: "DB_PASSWORD" }])],
  ["an indented pair", (secret) => JSON.stringify([{ name: "DB_PASSWORD", value: secret }], undefined, 2)],
  [
    "klog's quotes",
    (secret) => `E0102 03:04:05.000001 1 a.go:1] "Failed" password=${JSON.stringify(secret)} pod="default/x"`,
  ],
  ["a shell's quotes", (secret) => `export DB_PASSWORD='${secret.replaceAll("'", "")}'`],
  ["TOML", (secret) => `  auth = ${JSON.stringify(secret)}`],
];

const YAML_FORMS: readonly Form[] = [
  ["YAML", (secret) => stringify({ db: { password: secret, port: 1 } }, { lineWidth: 0 })],
  ["a pair in YAML", (secret) => stringify({ env: [{ name: "DB_PASSWORD", value: secret }] }, { lineWidth: 0 })],
];

/** Forms of random text, as keys and tokens are. */
const RANDOM_FORMS: readonly Form[] = [
  ["nothing", (secret) => `the helper printed ${secret} and ended`],
  ["an access key", (secret) => `AKIAIOSFODNN7EXAMPLE:${secret}`],
  ["a scheme", (secret) => `> Authorization: token ${secret}`],
  ["Bearer", (secret) => `> authorization: Bearer ${secret}`],
  ["cookies", (secret) => `Cookie: theme=dark; session=${secret}`],
  ["a token of a known kind", (secret) => `denied for hvs.${secret.replaceAll(/[+/]/g, "x")}`],
];

const KEY_FORMS: readonly Form[] = [
  ["PEM", (body) => pem(body)],
  ["PEM of OpenSSH", (body) => pem(body, "OPENSSH PRIVATE KEY")],
  ["PEM in the journal", (body) => journal(pem(body, "EC PRIVATE KEY"))],
  ["PEM on one line", (body) => `helper: ${pem(body).replaceAll("\n", " ⏎ ")}`],
  ["PEM in JSON", (body) => JSON.stringify({ key: pem(body) })],
  ["PEM in YAML", (body) => stringify({ key: pem(body) })],
  ["PEM in base64", (body) => `key: ${Buffer.from(pem(body)).toString("base64")}`],
  [
    "PEM in wrapped base64",
    (body) =>
      Buffer.from(pem(body))
        .toString("base64")
        .replaceAll(/(.{76})/g, "$1\n"),
  ],
  ["PEM that is cut off", (body) => pem(body).slice(0, -20)],
];

const BEFORE =
  "node gpu-1 of arn:aws:eks:us-west-2:123456789012:cluster/demo\n123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n";
const AFTER =
  "\npod kube-system/kube-proxy-x7k2p as arn:aws:sts::123456789012:assumed-role/satellite/gpu-1 3f0c7c0e-8a5e-4a71-9f0e-1d2c3b4a5968";

/** Four characters and more of a secret in a row are a part of it. */
function assertGone(safe: string, secret: string, text: string): void {
  const parts = secret.match(/[A-Za-z0-9+/]{6,}/g) ?? [secret];
  for (const part of [secret, ...parts])
    assert.ok(!safe.includes(part), `${part} of ${JSON.stringify(secret)} is left in ${safe}, of ${text}`);
}

function assertRedacted(write: (secret: string) => string, secret: string): void {
  const text = write(secret);
  const safe = createRedactor([]).text(`${BEFORE}${text}${AFTER}`);
  assert.ok(safe.startsWith(BEFORE), safe);
  assert.ok(safe.endsWith(AFTER), safe);
  const rest = safe.slice(BEFORE.length, safe.length - AFTER.length);
  assertGone(rest, secret, text);
}

const RUNS = { numRuns: 300 };
for (const [forms, secret] of [
  [PASSWORD_FORMS, password],
  [PHRASE_FORMS, phrase],
  [YAML_FORMS, phrase.filter((text) => !/["'\\]/.test(text))],
  [RANDOM_FORMS, random(40)],
  [KEY_FORMS, tuple(random(64), random(64), random(52)).map((lines) => lines.join(""))],
] as const)
  for (const [name, write] of forms)
    test(`no secret survives in the form of ${name}, and the names around it do`, () => {
      assertProperty(
        property(secret, (value) => assertRedacted(write, value)),
        RUNS,
      );
    });

/** Ways to write a known secret. */
const SPELLINGS: readonly Form[] = [
  ["text", (secret) => secret],
  ["an address", encode],
  ["an address in an address", (secret) => encode(encode(secret))],
  ["JSON", (secret) => JSON.stringify(secret)],
  ["JSON in JSON", (secret) => JSON.stringify(JSON.stringify(secret))],
  ["hexadecimal", (secret) => Buffer.from(secret).toString("hex")],
  ["base64", (secret) => Buffer.from(`x:${secret}:y`).toString("base64")],
  ["base64url", (secret) => Buffer.from(`xy:${secret}`).toString("base64url")],
];
const known = string({ unit: constantFrom(...BASE64, ..." \"'\\,;:@/&{}[]%é"), minLength: 20, maxLength: 60 }).filter(
  (text) => text.trim() === text,
);
for (const [name, write] of SPELLINGS)
  test(`no known secret survives as ${name}, whole or broken over two lines`, () => {
    assertProperty(
      property(known, integer({ min: 1, max: 100 }), (value, percent) => {
        const written = write(value);
        const at = Math.floor((written.length * percent) / 100);
        for (const text of [written, `${written.slice(0, at)}\n  ${written.slice(at)}`]) {
          const { count, ...redactor } = createRedactor([{ name: "known", value }]);
          assert.match(redactor.text(`before ${text} after`), /\[redacted: known\]/, text);
        }
      }),
      RUNS,
    );
  });
