import assert from "node:assert/strict";
import { test } from "node:test";
import { findProfile, parseSharedConfig, profileNames } from "../../agent/credentials/shared-config.ts";

const parse = (text: string) => parseSharedConfig(text, "/c");
const readValue = (text: string, name = "credential_process", profile = "default") =>
  findProfile(parse(text), profile)?.values.get(name);

test("a value has no comment, no escape and no quotes of its own", () => {
  for (const value of ["/opt/print --item AWS#1 --json", String.raw`/opt/print --re 'a\\.b'`, "a ; b", '"a"', "a=b:c"])
    assert.equal(readValue(`[default]\ncredential_process = ${value}\n`), value);
});

test("names are in any case, behind = or :, with blanks and tabs", () => {
  const text = "[default]\r\nAWS_Access_Key_ID:A\r\nx\t=\ty \r\n";
  assert.deepEqual(
    [...(parse(text).get("default") ?? [])],
    [
      ["aws_access_key_id", "A"],
      ["x", "y"],
    ],
  );
});

test("a line that is indented further continues the value before it; comments between are left out", () => {
  assert.equal(readValue("[default]\ncredential_process = a\n  --b\n\n# no\n  --c\nx = y\n"), "a\n--b\n\n--c");
  assert.equal(readValue("[default]\n  x = y\n  credential_process = a\n"), "a");
});

test("a table within a profile is one value, and its lines need an equals sign", () => {
  const text = "[default]\ns3 =\n  max_concurrent_requests = 10\n  aws_access_key_id = no\naws_access_key_id = A\n";
  assert.equal(readValue(text, "aws_access_key_id"), "A");
  assert.throws(() => parse("[default]\ns3 =\n  nonsense\n"), { code: "credentials-invalid", message: /below s3/ });
});

test("a profile is found by its header, or behind the word profile", () => {
  for (const header of ["gpu", "profile gpu", "profile\tgpu", 'profile "gpu"', "profile 'gpu'", 'profile g"p"u'])
    assert.equal(readValue(`[${header}]\nx = y\n`, "x", "gpu"), "y", header);
  for (const header of [" gpu ", " profile gpu", "profile gpu 2", 'profile "gpu', "Profile gpu", "preview gpu"])
    assert.equal(findProfile(parse(`[${header}]\nx = y\n`), "gpu"), undefined, header);
  assert.equal(readValue('[profile "a b"]\nx = y\n', "x", "a b"), "y");
  assert.equal(readValue("[my.profile]\nx = y\n", "x", "my.profile"), "y");
  assert.equal(readValue("[default] # mine\nx = y\n", "x"), "y");
  assert.deepEqual(profileNames(parse("[a]\n[profile b]\n[ c ]\n")), ["a", "b", " c "]);
});

test("values of DEFAULT are everybody's, and it is no profile", () => {
  const config = parse("[DEFAULT]\nregion = x\n[default]\nregion = y\n[b]\n");
  assert.deepEqual([config.get("default")?.get("region"), config.get("b")?.get("region")], ["y", "x"]);
  assert.equal(config.has("DEFAULT"), false);
});

test("what AWS CLI refuses is refused with its line", () => {
  for (const [text, message] of [
    ["[default]\n[x]\n[default]\n", /^\/c:3: \[default\] is there twice$/],
    ["[default]\na = 1\nA = 2\n", /^\/c:3: a is there twice$/],
    ["[default]\nnothing\n", /^\/c:2: a line is neither/],
    ["[default]\n= x\n", /^\/c:2: /],
  ] as const)
    assert.throws(() => parse(text), { code: "credentials-invalid", message, hint: /AWS CLI/ }, text);
  assert.throws(() => parse("a = b\n"), { code: "credentials-missing", message: /line 1 is in no section/ });
  assert.throws(() => parse("[]\n"), { code: "credentials-missing" });
});

test("names of objects are names like others", () => {
  assert.equal(findProfile(parse("[default]\nx = y\n"), "constructor"), undefined);
  assert.equal(readValue("[__proto__]\nx = y\n", "x", "__proto__"), "y");
});
