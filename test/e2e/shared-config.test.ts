// AWS's shared files against botocore, the reader of AWS CLI: what it reads is read alike, what it refuses is refused. No sandbox is needed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import fc from "fast-check";
import { findProfile, parseSharedConfig, type SharedConfig } from "../../agent/credentials/shared-config.ts";
import { ensurePython } from "../sandbox/aws.ts";
import { Progress } from "../sandbox/step.ts";

type Values = Readonly<Record<string, string | Readonly<Record<string, string>>>>;
type Answer =
  | { readonly error: string }
  | {
      readonly error?: undefined;
      readonly sections: Readonly<Record<string, Values>>;
      readonly profiles: Readonly<Record<string, Values>>;
    };

const PROGRAM = join(import.meta.dirname, "../sandbox/aws/shared_config.py");
const FILES = 4000;

async function askBotocore(texts: readonly string[]): Promise<readonly Answer[]> {
  const python = await ensurePython(new Progress());
  const { stdout } = await execa(python, [PROGRAM], {
    input: texts.map((text) => `${JSON.stringify(text)}\n`).join(""),
  });
  return stdout.split("\n").map((line) => JSON.parse(line) as Answer);
}

/** A table within a profile is compared by its presence: nothing here reads it. */
const flat = (values: Values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : {}]));
const ours = (values: ReadonlyMap<string, string>) =>
  Object.fromEntries([...values].map(([name, value]) => [name, value.startsWith("\n") ? {} : value]));

function read(text: string): SharedConfig | undefined {
  try {
    return parseSharedConfig(text, "FILE");
  } catch {
    return undefined;
  }
}

function compare(text: string, answer: Answer): void {
  const config = read(text);
  if (answer.error !== undefined) {
    assert.equal(config, undefined, `read although ${answer.error}:\n${text}`);
    return;
  }
  assert.ok(config !== undefined, `refused although botocore reads it:\n${JSON.stringify(text)}`);
  const sections = Object.fromEntries([...config].map(([name, values]) => [name, ours(values)]));
  const expected = Object.entries(answer.sections).map(([name, values]) => [name, flat(values)]);
  assert.deepEqual(sections, Object.fromEntries(expected), JSON.stringify(text));
  for (const [name, values] of Object.entries(answer.profiles)) {
    const found: ReadonlyMap<string, string> | undefined = findProfile(config, name)?.values;
    assert.deepEqual(found && ours(found), flat(answer.sections[name] ?? values), `${name} of ${JSON.stringify(text)}`);
  }
}

const headers = fc.constantFrom(
  ...["[default]", "[gpu]", "[profile gpu]", "[ profile gpu ]", '[profile "a b"]', "[profile a b]", "[profile 'x']"],
  ...[
    "[DEFAULT]",
    "[a.b]",
    "[default",
    "[]",
    "[x] # mine",
    "[x]y]",
    "[profile\tgpu]",
    '[profile "gpu]',
    "[profile g\\ u]",
  ],
  ...["[services s]", "[profiles x]", "[sso-session s]"],
);
const names = fc.constantFrom(
  ...["aws_access_key_id", "AWS_Secret_Access_Key", "credential_process", "region", "s3", "x", "", "a b", "ü"],
);
const values = fc.constantFrom(
  ...[
    "AKIA",
    "a#b",
    "a # b",
    "a ; b",
    '"q"',
    "'q'",
    "a\\\\b",
    "a\\.b",
    "",
    " ",
    "a=b",
    "a:b",
    "[x]",
    "#",
    "%(x)s",
    "$x",
    "a\tb",
  ],
  ...["\n  max = 1", "\n  nonsense", "\n\n  a = b\n", "a\n  --b\n\n  --c", "a\n\t--b\n # no\n  c", "é"],
);
const options = fc
  .tuple(
    fc.constantFrom("", "", "", " ", "  ", "\t"),
    names,
    fc.constantFrom(" = ", "=", ":", " : ", "\t=\t", " "),
    values,
  )
  .map((parts) => parts.join(""));
const others = fc.constantFrom("", "  ", "# a = b", "  ; c", "nonsense", "\t# x", "a", " = ");
const files = fc
  .tuple(
    fc.array(
      fc.oneof({ weight: 3, arbitrary: headers }, { weight: 6, arbitrary: options }, { weight: 2, arbitrary: others }),
      {
        maxLength: 9,
      },
    ),
    fc.constantFrom("\n", "\n", "\n", "\r\n", "\r"),
  )
  .map(([lines, lineBreak]) =>
    ["[default]", ...lines]
      .slice(lines.length % 3 === 0 ? 1 : 0)
      .join("\n")
      .replaceAll("\n", lineBreak),
  );

test(`${FILES} files are read, or refused, as botocore does`, async () => {
  const texts = fc.sample(files, { numRuns: FILES, seed: 1 });
  const answers = await askBotocore(texts);
  for (const [index, text] of texts.entries()) compare(text, answers[index] ?? { error: "no answer" });
  const read = answers.filter(({ error }) => error === undefined).length;
  assert.ok(read > FILES / 10 && read < FILES, `${read} of ${FILES} were readable`);
});

test("commands of a credential_process reach the shell as they are written", async () => {
  const commands = ["/opt/print --item AWS#1 --json", String.raw`/opt/print --re 'a\\.b'`, "a; b", 'a "b c"', "a = b"];
  const texts = commands.map((command) => `[default]\ncredential_process = ${command}\n`);
  const answers = await askBotocore(texts);
  for (const [index, text] of texts.entries()) {
    compare(text, answers[index] ?? { error: "no answer" });
    assert.equal(read(text)?.get("default")?.get("credential_process"), commands[index]);
  }
});
