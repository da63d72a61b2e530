// Every word of the program that has an explanation: from the tables that its documentation is rendered from.
import { CONDITIONS, type ConditionType } from "../board/condition-types.ts";
import { LOCAL_NOTICES, NOTICES } from "../board/notices.ts";
import { optional } from "../optional.ts";
import { type Explanation, explanation } from "./explanation.ts";
import type { CheckText, ErrorText, ReasonText, Texts } from "./texts.ts";
import { listXids } from "./xids.ts";

/** Lists the explanations, by kind in the order of KINDS. */
export function listExplanations({ reasons, errors, checks }: Texts): readonly Explanation[] {
  const explained = new Set(reasons.map(({ name }) => name));
  const byCode = Map.groupBy(
    errors.filter(({ reason }) => !explained.has(reason)),
    ({ code }) => code,
  );
  return [
    ...Object.keys(CONDITIONS).map((type) => explainCondition(type as ConditionType, reasons)),
    ...reasons.map((reason) => explainReason(reason, errors)),
    ...[...byCode].map(([code, wordings]) => explainError(code, wordings)),
    ...checks.map((check) => explainCheck(check, reasons)),
    ...Object.entries({ ...NOTICES, ...LOCAL_NOTICES }).map(([name, { type, when }]) =>
      explanation({ kind: "event", name, meaning: `An event of type ${type}, recorded when ${when}.` }),
    ),
    ...listXids(),
  ];
}

function explainCondition(type: ConditionType, reasons: readonly ReasonText[]): Explanation {
  const { trueWhen, isCritical, holdSeconds, dependsOn } = CONDITIONS[type];
  const held = `It turns false after ${holdSeconds} s of contradiction; what ends sooner is not reported.`;
  const causes = `While one of these is false, that explains it: ${dependsOn.join(", ")}.`;
  return explanation({
    kind: "condition",
    name: type,
    meaning: `True when ${trueWhen}.`,
    details: [
      isCritical
        ? "It is critical: while it is false the node is not ready."
        : "The node may be ready while it is false.",
      ...(holdSeconds === 0 ? [] : [held]),
      ...(dependsOn.length === 0 ? [] : [causes]),
    ],
    todo: "Its reason says what is wrong, and what to do about it: `eks-satellite explain REASON`.",
    more: "`eks-satellite status`",
    see: reasons.filter(({ on }) => on.includes(type)).map(({ name }) => name),
  });
}

function explainReason(reason: ReasonText, errors: readonly ErrorText[]): Explanation {
  const { name, on, cause, todo, ask, more } = reason;
  const wordings = errors.filter((error) => error.reason === name);
  return explanation({
    kind: "reason",
    name,
    aliases: [...new Set(wordings.map(({ code }) => code))],
    meaning: cause,
    details: on.length === 0 ? [] : [`A reason of ${on.join(", ")}.`],
    ...optional({ todo, ask, more }),
    wordings: wordings.map(({ code, message, hint }) => ({ code, message, hint })),
    see: on,
  });
}

/** An error of a command, or one that no condition shows: its own words are all there is. */
function explainError(code: string, errors: readonly ErrorText[]): Explanation {
  return explanation({
    kind: "error",
    name: code,
    aliases: errors.map(({ reason }) => reason).slice(0, 1),
    meaning: "An error with these words; words in capitals stand for values, and … for what depends on the case.",
    wordings: errors.map(({ message, hint }) => ({ code, message, hint })),
  });
}

function explainCheck({ name, group, checks }: CheckText, reasons: readonly ReasonText[]): Explanation {
  const command = new RegExp(String.raw`check --only (?:[\w-]+[ ,])*${name}(?![\w-])`);
  return explanation({
    kind: "check",
    name,
    meaning: `Ok when ${checks}.`,
    details: [`A check of ${group === "machine" ? "the machine" : `the ${group}`}; it changes nothing.`],
    todo: "The line below the check that failed says what to do.",
    more: `\`eks-satellite check --only ${name}\``,
    see: reasons.filter(({ more = "" }) => command.test(more)).map((reason) => reason.name),
  });
}
