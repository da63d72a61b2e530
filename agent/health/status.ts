// The document behind /status: what the node knows of itself, without secrets. status-schema.ts is its shape; each part brings its own sections.
import type { Config } from "../config/schema.ts";
import { sourceName } from "../credentials/credential-source.ts";
import { optional } from "../optional.ts";
import { providerIdOf } from "../plan/node-identity.ts";
import { isoTime } from "../time.ts";
import { VERSION } from "../version.ts";
import type { StatusDocument } from "./status-schema.ts";

/** A value as a part gives it: it stays as it is, and undefined is as good as absent. */
type Given<T> = T extends readonly (infer E)[]
  ? readonly Given<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Given<T[K]> | (undefined extends T[K] ? undefined : never) }
    : T;

/** Any part of a section: several parts may know something of the same one. */
type Section<T> = T extends readonly unknown[]
  ? Given<T>
  : T extends object
    ? { readonly [K in keyof T]?: Given<T[K]> | undefined }
    : T;

/** What a part says of itself. */
export type StatusFragment = { readonly [K in keyof StatusDocument]?: Section<StatusDocument[K]> | undefined };

/** A part that has something to say in /status. */
export interface StatusSource {
  status(): StatusFragment;
}

export interface StatusOptions {
  readonly config: Config;
  /** How long this process took from its start to its loops running, milliseconds. */
  readonly startMs: number;
  /** In the order in which their sections appear. */
  readonly sources: readonly StatusSource[];
}

/** Returns what renders the document anew at each call. Times are ISO 8601. */
export function createStatus({ config, startMs, sources }: StatusOptions): () => StatusDocument {
  const own = describeProcess(config, startMs);
  return () => mergeSections([own, ...sources.map((source) => source.status())]) as StatusDocument;
}

function describeProcess(config: Config, startMs: number): StatusFragment {
  return {
    schemaVersion: 1,
    version: VERSION,
    startedAt: isoTime(performance.timeOrigin),
    startMs,
    node: { name: config.node.name, identity: config.node.identity, providerId: providerIdOf(config) },
    cluster: config.cluster,
    credentials: { source: sourceName(config.credentials) },
    versions: { node: process.versions.node },
  };
}

/** Sections of the same name become one. What is undefined is as good as absent: it replaces nothing that another part knows. */
function mergeSections(fragments: readonly object[]): object {
  const sections: Record<string, unknown> = {};
  for (const [name, section] of fragments.flatMap((fragment) => Object.entries(fragment)))
    if (isSection(section)) sections[name] = { ...(sections[name] as object | undefined), ...optional(section) };
    else if (section !== undefined) sections[name] = section;
  return sections;
}

function isSection(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
