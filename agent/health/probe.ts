// /livez and /readyz in the form of Kubernetes' own: `ok`, or with ?verbose a line a check; ?exclude=NAME leaves one out.

import type { ConditionBoard } from "../board/conditions.ts";
import type { Loop } from "../loop/loop.ts";

/** One thing that a probe looks at; undefined when it is well, else what is wrong. */
export interface ProbeCheck {
  readonly name: string;
  readonly problem: string | undefined;
}

export interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly body: string;
}

/** Answers a probe: 503 with what is wrong, the first check that fails first. */
export function answerProbe(probe: string, checks: readonly ProbeCheck[], query: URLSearchParams): ProbeAnswer {
  const excluded = query.getAll("exclude");
  const asked = checks.filter(({ name }) => !excluded.includes(name));
  const failed = asked.filter(({ problem }) => problem !== undefined);
  const status = failed.length === 0 ? 200 : 503;
  if (!query.has("verbose") && status === 200) return { status, body: "ok\n" };
  const shown = query.has("verbose") ? asked : failed;
  const lines = shown.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  const skipped = query.has("verbose")
    ? checks.filter((check) => !asked.includes(check)).map(({ name }) => `[+]${name} excluded: ok`)
    : [];
  return {
    status,
    body: `${[...lines, ...skipped, `${probe} check ${status === 200 ? "passed" : "failed"}`].join("\n")}\n`,
  };
}

/** What the probes look at: /livez at the loops, /readyz at the critical conditions, root causes first. */
export function probesOf(board: ConditionBoard, loops: readonly Loop[]) {
  return {
    livez: () => livezOf(loops),
    readyz: (): readonly ProbeCheck[] => {
      const roots = board.rootCauses();
      const critical = board
        .list()
        .filter(({ isCritical, type }) => isCritical && !roots.some((root) => root.type === type));
      return [...roots.filter(({ isCritical }) => isCritical), ...critical].map(
        ({ type, status, reason, message }) => ({
          name: type,
          problem: status === "True" ? undefined : `${reason}: ${message}`,
        }),
      );
    },
  };
}

/** Every loop, with what is wrong when it is overdue. */
export function livezOf(loops: readonly Loop[]): readonly ProbeCheck[] {
  return loops.map((loop) => ({ name: loop.name, problem: loop.isOverdue() ? problemOf(loop) : undefined }));
}

function problemOf(loop: Loop): string {
  return loop.isHung()
    ? `its round is ${loop.lagSeconds()} s late`
    : `every round has failed for ${loop.lagSeconds()} s`;
}
