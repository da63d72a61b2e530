import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKeysFile } from "../../agent/credentials/keys-file.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const KEYS = { AWS_ACCESS_KEY_ID: "ASIAX", AWS_SECRET_ACCESS_KEY: SECRET };
const parse = (text: string) => parseKeysFile(text, "/keys");

const FORMS: Readonly<Record<string, string>> = {
  "two on one line": `export AWS_ACCESS_KEY_ID=ASIAX AWS_SECRET_ACCESS_KEY=${SECRET}`,
  "with semicolons": `AWS_ACCESS_KEY_ID=ASIAX; AWS_SECRET_ACCESS_KEY='${SECRET}'; export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n`,
  "with &&": `export AWS_ACCESS_KEY_ID=ASIAX && export AWS_SECRET_ACCESS_KEY=${SECRET}`,
  "exported by name": `AWS_ACCESS_KEY_ID=ASIAX\nAWS_SECRET_ACCESS_KEY=${SECRET}\nexport AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n`,
  "with tabs": `export\tAWS_ACCESS_KEY_ID=ASIAX\n\tAWS_SECRET_ACCESS_KEY\t=\t${SECRET}\t\n`,
  "with declare": `declare -x AWS_ACCESS_KEY_ID="ASIAX"\ntypeset -x AWS_SECRET_ACCESS_KEY=${SECRET}\n`,
  "with a comment behind": `AWS_ACCESS_KEY_ID=ASIAX # of the lab\nAWS_SECRET_ACCESS_KEY="${SECRET}" # it's secret\n`,
  "continued on the next line": `export AWS_ACCESS_KEY_ID=ASIAX \\\n  AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG\\\n/bPxRfiCYEXAMPLEKEY\n`,
  "in lower case": `aws_access_key_id = ASIAX\naws_secret_access_key = ${SECRET}\n`,
  "in pieces of quotes": `AWS_ACCESS_KEY_ID="ASIA"'X'\nAWS_SECRET_ACCESS_KEY=${SECRET}`,
  "among other lines": `set -a\n[ -f /x ] && . /x\nPATH="$PATH:/y"\nAWS_ACCESS_KEY_ID=ASIAX\nAWS_SECRET_ACCESS_KEY=${SECRET}\nset +a\n`,
};

for (const [form, text] of Object.entries(FORMS)) {
  test(`a keys file ${form}`, () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = parse(text);
    assert.deepEqual({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }, KEYS);
  });
}

test("a value that is empty takes nothing of the next line, or of the next variable", () => {
  assert.equal(parse("AWS_SESSION_TOKEN=\nAWS_ACCESS_KEY_ID=A\n").AWS_SESSION_TOKEN, "");
  assert.equal(parse("AWS_SESSION_TOKEN= AWS_ACCESS_KEY_ID=A\n").AWS_SESSION_TOKEN, "");
  assert.equal(parse("AWS_SESSION_TOKEN=t/o+k==\n").AWS_SESSION_TOKEN, "t/o+k==");
});

const REFUSED: readonly string[] = [
  "setenv AWS_ACCESS_KEY_ID ASIAX",
  "set -gx AWS_ACCESS_KEY_ID ASIAX",
  "set AWS_ACCESS_KEY_ID=ASIAX",
  '$env:AWS_ACCESS_KEY_ID = "ASIAX"',
  "AWS_ACCESS_KEY_ID: ASIAX",
  '{"AWS_ACCESS_KEY_ID": "ASIAX"}',
  "AWS_ACCESS_KEY_ID ASIAX",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SECRET_ACCESS_KEY=$(cat /root/secret)",
  'AWS_SECRET_ACCESS_KEY="$SECRET"',
  "AWS_SECRET_ACCESS_KEY=`cat x`",
  'AWS_SECRET_ACCESS_KEY="half',
  "AWS_SECRET_ACCESS_KEY=wJal rXUt",
];

test("a key in another form is refused with its line and the form that is wanted, and is not shown", () => {
  for (const line of REFUSED)
    assert.throws(
      () => parse(`# keys\n${line}\n`),
      {
        code: "credentials-invalid",
        message: "/keys:2: a key is there in a form that is not read",
        hint: /AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…/,
      },
      line,
    );
});

test("a comment that names a key is no key", () => {
  assert.deepEqual(parse("# export AWS_ACCESS_KEY_ID ASIAX\n  ; AWS_SECRET_ACCESS_KEY: x\n"), {});
});

test("a megabyte of any character is read in a moment", () => {
  const began = performance.now();
  for (const character of [" ", "\t", '"', "'", "\\", "=", "A", ";", "\\\n", "A=", "export "])
    try {
      parse(character.repeat(1_000_000 / character.length));
    } catch {} // A refusal is as good as an answer here.
  assert.ok(performance.now() - began < 10_000);
});
