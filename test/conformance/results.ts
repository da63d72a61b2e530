// ginkgo's report, as much of it as the table needs.
import { z } from "zod";

/** What became of one test. */
export interface Result {
  /** Its whole name, which never changes within a release. */
  readonly name: string;
  /** The special interest group that owns it, such as node. */
  readonly sig: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** Why it failed or was skipped. */
  readonly message: string;
}

const Report = z.array(
  z.object({
    SpecReports: z
      .array(
        z.object({
          ContainerHierarchyTexts: z.array(z.string()).nullable(),
          LeafNodeType: z.string(),
          LeafNodeText: z.string(),
          State: z.string(),
          RunTime: z.number(),
          NumAttempts: z.number(),
          Failure: z.object({ Message: z.string() }).optional(),
        }),
      )
      .nullable(),
  }),
);

/** The conformance tests that a report says were begun; it also names all that were left out. @throws Error when it is no report */
export function readResults(text: string): readonly Result[] {
  return Report.parse(JSON.parse(text))
    .flatMap(({ SpecReports }) => SpecReports ?? [])
    .filter(({ LeafNodeType, NumAttempts }) => LeafNodeType === "It" && NumAttempts > 0)
    .map(({ ContainerHierarchyTexts, LeafNodeText, State, RunTime, Failure }): Result => {
      const name = [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(" ");
      return {
        name,
        sig: /\[sig-([a-z-]+)\]/.exec(name)?.[1] ?? "none",
        outcome: outcomeOf(State),
        seconds: RunTime / 1e9,
        message: Failure?.Message ?? "",
      };
    })
    .filter(({ name }) => name.includes("[Conformance]"));
}

/** Also a test that panicked, was interrupted or had no time left has failed. */
function outcomeOf(state: string): Result["outcome"] {
  return state === "passed" || state === "skipped" ? state : "failed";
}
