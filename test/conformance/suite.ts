// One run of the tests against a cluster: those that may run beside each other first, then those that must be alone, as each says itself.
import { join } from "node:path";
import { execa } from "execa";
import { cleanEnvironment } from "../sandbox/environment.ts";
import type { SuitePrograms } from "./programs.ts";

/** What to run, and where. */
export interface SuiteRun {
  readonly programs: SuitePrograms;
  readonly kubeconfig: string;
  /** The program kubectl. */
  readonly kubectl: string;
  /** Where log and report go. */
  readonly folder: string;
  /** Only the tests in whose names one of these regular expressions is; all when there is none. */
  readonly words: readonly string[];
  /** How many tests run beside each other. */
  readonly beside: number;
  readonly timeoutMinutes: number;
}

/** Runs them, and returns the path of ginkgo's report, which is there when some failed, too. @throws Error when none could run */
export async function runSuite(run: SuiteRun): Promise<string> {
  const { programs, folder } = run;
  const report = join(folder, "report.json");
  const tests = ["--kubeconfig", run.kubeconfig, "--provider=skeleton", `--kubectl-path=${run.kubectl}`];
  const child = execa(
    join(programs.bin, "ginkgo"),
    [
      ...[`--procs=${run.beside}`, `--timeout=${run.timeoutMinutes}m`, "--no-color", "--silence-skips"],
      ...focus(run.words).map((pattern) => `--focus=${pattern}`),
      ...["--output-dir", folder, "--json-report", "report.json", join(programs.bin, "e2e.test"), "--", ...tests],
    ],
    {
      env: cleanEnvironment({ HOME: folder }),
      extendEnv: false,
      cwd: folder,
      reject: false,
      stdin: "ignore",
      stdout: { file: join(folder, "e2e.log") },
      stderr: { file: join(folder, "e2e.err") },
    },
  );
  const { exitCode } = await child;
  // 0: all passed; 1 and 197: some failed. More than that is ginkgo's own trouble.
  if (exitCode === undefined) throw new Error(`ginkgo was ended: see ${join(folder, "e2e.log")}`);
  return report;
}

/** A test's name ends in its labels, this one among them. */
export function focus(words: readonly string[]): readonly string[] {
  const label = "\\[Conformance\\]";
  return words.length === 0 ? [label] : words.map((word) => `(${word}).*${label}`);
}
