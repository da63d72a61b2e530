// agent/explain/texts.json: what the program itself cannot know of its reasons and errors, for `eks-satellite explain`.
import { CHECKS } from "../../agent/commands/check.ts";
import type { Texts } from "../../agent/explain/texts.ts";
import { readCodes, toReason } from "../../test/docs/reasons.ts";
import { readErrors } from "./errors.ts";
import { readTroubleshooting } from "./troubleshooting.ts";

/** Renders the file: the reasons of docs/troubleshooting/README.md, and the errors of docs/reference/errors.md. */
export function renderExplainTexts(): string {
  const reasons = readTroubleshooting();
  const errors = readErrors().map(({ code, message, hint }) => ({ code, reason: toReason(code), message, hint }));
  const known = new Set([...reasons.map(({ name }) => name), ...errors.map(({ reason }) => reason)]);
  // The message of these is AWS's or the API server's.
  const others = readCodes()
    .filter((code) => !known.has(toReason(code)))
    .map((code) => ({ code, reason: toReason(code), message: "…", hint: "" }));
  const unique = new Map([...errors, ...others].map((error) => [JSON.stringify(error), error]));
  const checks = CHECKS.map(({ name, group, checks: what }) => ({ name, group, checks: what }));
  const texts: Texts = { reasons, errors: [...unique.values()], checks };
  return `${JSON.stringify(texts, undefined, 1)}\n`;
}
