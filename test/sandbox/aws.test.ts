import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { ensurePython } from "./aws.ts";
import { ensurePackages } from "./debian.ts";
import { clean } from "./environment.ts";
import { Progress } from "./step.ts";

const skip = process.getuid?.() === 0 ? false : "making its Python environment may need apt, and that root";

test("the sandbox's AWS checks signatures, expiry and permissions as AWS does", { skip }, async () => {
  const progress = new Progress();
  await ensurePackages(progress);
  const python = await ensurePython(progress);
  const args = ["-B", "-m", "unittest", "discover", "--start-directory", join(import.meta.dirname, "aws")];
  const { stderr } = await execa(python, args, clean());
  assert.match(stderr, /^Ran [1-9]\d* tests in .*\n\nOK$/m);
});
