// One row of the table: what is asked, what must come, and what came instead. A row is asked again until it passes or its time is over.
import { waitFor } from "../sandbox/wait.ts";

/** One thing that is tried. */
export interface Question {
  /** What is done, so that a reader can do it again. */
  readonly asked: string;
  readonly ask: () => Promise<string>;
  /** What the answer must look like. An error is an answer that begins with `error: `. */
  readonly answer: RegExp;
}

export interface Row {
  readonly name: string;
  /** Made anew each time: pods have other addresses after a reboot. */
  readonly questions: () => Promise<readonly Question[]>;
}

/** Where one thing lasts longer than this, it has failed. */
const ANSWER_MS = 30_000;
const AGAIN_MS = 1000;
/** Of an answer that is wrong. */
const MAX_SHOWN = 600;

/** Asks a row until it passes. @returns the problem that it ends with; undefined where it passes in time */
export async function askRow(
  row: Row,
  { deadlineMs, intervalMs = AGAIN_MS }: { readonly deadlineMs: number; readonly intervalMs?: number },
): Promise<string | undefined> {
  let problem: string | undefined;
  await waitFor({ what: row.name, deadlineMs, intervalMs }, async () => {
    problem = await firstProblem(row);
    return problem === undefined;
  }).catch(() => undefined); // The last problem says more than that the time is over.
  return problem;
}

async function firstProblem(row: Row): Promise<string | undefined> {
  try {
    for (const question of await row.questions()) {
      const came = await answerOf(question);
      if (!question.answer.test(came)) return render(question, came);
    }
    return undefined;
  } catch (error) {
    return `could not be asked: ${textOf(error)}`;
  }
}

async function answerOf({ ask }: Question): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`error: no answer in ${ANSWER_MS / 1000} s`), ANSWER_MS);
  });
  try {
    return await Promise.race([ask().catch((error: unknown) => `error: ${textOf(error)}`), late]);
  } finally {
    clearTimeout(timer);
  }
}

function render({ asked, answer }: Question, came: string): string {
  const shown = came.length > MAX_SHOWN ? `${came.slice(0, MAX_SHOWN)} …` : came;
  return `asked: ${asked}\nexpected: ${answer}\ncame: ${shown.trim() === "" ? "nothing" : shown.trim()}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
