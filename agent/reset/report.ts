// What `reset` says: lines as it goes on, or one document at its end.
import type { ErrorDescription } from "../errors.ts";

/** What a step would do. */
export interface PlannedStep {
  readonly name: string;
  readonly lines: readonly string[];
}

/** What a step has done. */
export interface DoneStep {
  readonly name: string;
  /** What it could not restore, or left on purpose. */
  readonly left: readonly string[];
  readonly error?: ErrorDescription;
}

export interface ResetReport {
  /** Says whether there is anything to do. */
  plan(steps: readonly PlannedStep[]): boolean;
  step(done: DoneStep): void;
  note(sentence: string): void;
  /** A line of the log. */
  warn(line: string): void;
  /** Returns the exit code. */
  end(exitCode: number): number;
}

const NOTHING = "There is nothing to do: this machine has nothing of eks-satellite's to remove or to restore.";

/** Creates the report. @param print receives whole lines */
export function createReport(output: "text" | "json", print: (text: string) => void): ResetReport {
  return output === "json" ? createDocument(print) : createLines(print);
}

const isEmpty = (steps: readonly PlannedStep[]) => steps.every(({ lines }) => lines.length === 0);

function createLines(print: (text: string) => void): ResetReport {
  return {
    plan: (steps) => {
      if (isEmpty(steps)) print(`${NOTHING}\n`);
      else
        for (const { name, lines } of steps)
          print(lines.length === 0 ? `${name}: nothing\n` : `${name}:\n${indent(lines)}`);
      return !isEmpty(steps);
    },
    step: ({ name, left, error }) => {
      if (error === undefined) print(`✓ ${name}\n${indent(left)}`);
      else print(`✗ ${name}: ${error.message}\n${error.hint === undefined ? "" : `  → ${error.hint}\n`}`);
    },
    note: (sentence) => print(`${sentence}\n`),
    warn: print,
    end: (exitCode) => exitCode,
  };
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join("");
}

function createDocument(print: (text: string) => void): ResetReport {
  const document = {
    plan: [] as PlannedStep[],
    steps: [] as DoneStep[],
    notes: [] as string[],
    warnings: [] as string[],
  };
  return {
    plan: (steps) => {
      document.plan.push(...steps);
      if (isEmpty(steps)) document.notes.push(NOTHING);
      return !isEmpty(steps);
    },
    step: (done) => void document.steps.push(done),
    note: (sentence) => void document.notes.push(sentence),
    warn: (line) => void document.warnings.push(line.trimEnd()),
    end: (exitCode) => {
      print(`${JSON.stringify({ ...document, exitCode }, undefined, 2)}\n`);
      return exitCode;
    },
  };
}
