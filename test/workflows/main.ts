// scripts/lint-workflows: actionlint on the workflows, and through it shellcheck on the commands in them.
import { globSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { buildActionlint } from "../sandbox/go-builds.ts";
import { Progress } from "../sandbox/step.ts";

const TOP = join(import.meta.dirname, "../..");

/** The labels of our own runners; actionlint takes every other unknown label for a slip. */
const SETTINGS = ".github/actionlint.yaml";

/** Checks these workflows and prints what is wrong with them; returns the exit code of actionlint. */
async function lint(paths: readonly string[]): Promise<number> {
  if (!(await hasGo())) {
    process.stdout.write("   left out: building actionlint needs Go, and there is no go in PATH\n");
    return 0;
  }
  const actionlint = await buildActionlint(new Progress());
  // The path of shellcheck is given: actionlint alone says nothing when it finds none.
  const { stdout: shellcheck } = await execa("sh", ["-c", "command -v shellcheck"], { reject: false });
  if (!shellcheck) throw new Error("there is no shellcheck in PATH: apt-get install shellcheck");
  const { exitCode } = await execa(
    actionlint,
    ["-no-color", "-config-file", SETTINGS, "-shellcheck", shellcheck, "-pyflakes", "", ...paths],
    { cwd: TOP, reject: false, stdio: ["ignore", "inherit", "inherit"] },
  );
  return exitCode ?? 1;
}

async function hasGo(): Promise<boolean> {
  return (await execa("go", ["version"], { reject: false })).exitCode === 0;
}

const given = process.argv.slice(2);
const paths = given.length > 0 ? given : globSync(".github/workflows/*.{yml,yaml}", { cwd: TOP }).toSorted();
if (paths.length === 0) throw new Error(".github/workflows holds no workflow");
process.exitCode = await lint(paths);
