// What `verify` prints: a line for each row, a last one for the whole, and a document for `--output json`.
import type { Outcome, Row } from "../../admin/verify/row.ts";
import type { VerifyReport } from "../../admin/verify/verify.ts";

const MARKS: Readonly<Record<Outcome, string>> = { ok: "✓", warn: "!", fail: "✗", skip: "○" };
const NAME_WIDTH = 13;

/** One row, with what to do below it. */
export function renderRow({ name, outcome, code, message, hint }: Row): string {
  const reason = code === undefined ? "" : `${code}: `;
  return `${MARKS[outcome]} ${name.padEnd(NAME_WIDTH)} ${reason}${message}\n${hint === undefined ? "" : `    → ${hint}\n`}`;
}

/** The sum, and what is left in the cluster. */
export function renderEnd({ rows, left, removedOfOthers }: VerifyReport): string {
  const count = (outcome: Outcome) => rows.filter((row) => row.outcome === outcome).length;
  const seconds = rows.at(-1)?.seconds ?? 0;
  const removed = removedOfOthers === 0 ? "" : `, ${removedOfOthers} objects of earlier runs removed`;
  return [
    `${count("ok")} ok, ${count("warn")} warned, ${count("fail")} failed, ${count("skip")} not tried, in ${seconds.toFixed(1)} s${removed}\n`,
    ...left.map((object) => `! left in the cluster: ${object}\n`),
  ].join("");
}

/** Everything, for other programs. */
export function renderJson(node: string, server: string, { rows, left, removedOfOthers }: VerifyReport): string {
  const ok = rows.every(({ outcome }) => outcome !== "fail");
  return `${JSON.stringify({ node, server, ok, rows, left, removedOfOthers }, undefined, 2)}\n`;
}
