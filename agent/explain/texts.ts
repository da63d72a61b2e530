// What docs/troubleshooting/README.md and the sources say of reasons and errors. It lies beside the daemon's file, which never loads it.
import texts from "./texts.json" with { type: "json" };

/** One heading of the troubleshooting page. */
export interface ReasonText {
  /** As a condition shows it, e.g. `ClusterNotFound`. */
  readonly name: string;
  readonly section: string;
  /** Conditions that may have it; none where any may. */
  readonly on: readonly string[];
  readonly cause: string;
  readonly todo?: string;
  readonly ask?: string;
  /** Commands that show more. */
  readonly more?: string;
}

/** An error as it stands in the sources: words in capitals stand for values. */
export interface ErrorText {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

/** A check, as `eks-satellite check` lists it. */
export interface CheckText {
  readonly name: string;
  readonly group: string;
  /** What is true when it passes. */
  readonly checks: string;
}

export interface Texts {
  readonly reasons: readonly ReasonText[];
  readonly errors: readonly ErrorText[];
  readonly checks: readonly CheckText[];
}

/** Rendered by scripts/render-docs.ts. */
export const TEXTS: Texts = texts;
