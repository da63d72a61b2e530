// A shell is the reader of what people write as a shell's file: what is read of such a file is what bash would export.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parseKeysFile } from "../../agent/credentials/keys-file.ts";

const NAMES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] as const;
const RUNS = 2000;
/** Characters that keys have, and those that a shell heeds, but none that could run a program. */
const plain = fc.string({ unit: fc.constantFrom(..."xZ7/+=") });
const quoted = fc.string({ unit: fc.constantFrom(..."xZ7/+=# ;\\"), maxLength: 8 });
const piece = fc.oneof(
  plain,
  quoted.map((text) => `'${text}'`),
  quoted.map((text) => `"${text.replaceAll("\\", "\\\\")}"`),
  fc.constantFrom("\\\n", "\\ ", "\\#", "\\x", '\\"', "#", "="),
);
const assignment = fc
  .tuple(
    fc.constantFrom("", "export ", "declare -x ", "\t"),
    fc.constantFrom(...NAMES),
    fc.array(piece, { maxLength: 4 }),
  )
  .map(([prefix, name, pieces]) => `${prefix}${name}=${pieces.join("")}`);
const file = fc
  .array(
    fc.tuple(assignment, fc.constantFrom("\n", "; ", " # a comment\n", "\n\n# it's one\n", " && ", "\r\n".slice(1))),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((lines) => `${lines.flat().join("")}\n`);

/** What bash has in the three variables after each file; undefined where it finds a mistake. */
function askBash(texts: readonly string[]): readonly (readonly string[] | undefined)[] {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-keys-"));
  try {
    for (const [index, text] of texts.entries()) writeFileSync(join(folder, String(index)), text);
    // A file with a mistake is left out; some end the subshell before it says anything.
    const script = `cd "$1"; for ((i = 0; i < $2; i++)); do
      ( unset ${NAMES.join(" ")}; bash -n "./$i" 2>/dev/null || exit
        . "./$i" >/dev/null 2>&1; printf '%s\\0' "$i" ${NAMES.map((name) => `"$${name}"`).join(" ")} )
    done; true`;
    const output = execFileSync("bash", ["-c", script, "bash", folder, String(texts.length)], {
      encoding: "utf8",
      env: { PATH: process.env.PATH },
      maxBuffer: 64 * 2 ** 20,
    });
    const words = output.split("\0");
    const answers: (readonly string[] | undefined)[] = texts.map(() => undefined);
    for (let at = 0; at + NAMES.length < words.length; at += NAMES.length + 1)
      answers[Number(words[at])] = words.slice(at + 1, at + 1 + NAMES.length);
    return answers;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("what is read of a shell's file is what bash has of it, or the file is refused", () => {
  const texts = fc.sample(file, { numRuns: RUNS, seed: 7 });
  const answers = askBash(texts);
  let read = 0;
  for (const [index, text] of texts.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue; // bash reads nothing of it either.
    let ours: Readonly<Record<string, string>>;
    try {
      ours = parseKeysFile(text, "/keys");
    } catch {
      continue;
    }
    read += 1;
    assert.deepEqual(
      NAMES.map((name) => ours[name] ?? ""),
      answer,
      JSON.stringify(text),
    );
  }
  assert.ok(read > RUNS / 4, `${read} files were read`);
});
