// A collection of the API server, listed in pages and watched from there, again and again until the end.
import { hasCode } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { ApiClient, WatchEvent } from "../kubernetes/api-client.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";
import { optional } from "../optional.ts";
import type { AnswerSink } from "./api-report.ts";

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
const HEALTHY_WATCH_MS = 60_000;
/** With its managed fields a Node's metadata has some kilobytes, and an answer at most 4 MiB. */
const PAGE_SIZE = 250;
/** More pages are no cluster's. */
const MAX_PAGES = 100;

export interface Collection<T> {
  /** Path below the API server, without a query. */
  readonly path: string;
  readonly fieldSelector?: string;
  /** Other forms of the answers. */
  readonly accept?: { readonly list: string; readonly object: string };
  /** Everything that is there now, in place of what was known. */
  readonly onList: (items: readonly T[]) => void;
  /** What has changed; not the bookmarks. */
  readonly onEvent: (type: "ADDED" | "MODIFIED" | "DELETED", object: T) => void;
}

export interface CollectionWatchOptions {
  readonly host: Pick<Host, "clock" | "random">;
  readonly log: Log;
  /** Undefined while the API server is not known. */
  readonly api: () => ApiClient | undefined;
  readonly answers: AnswerSink;
}

/** Follows the collection until the signal aborts. */
export async function watchCollection<T>(
  options: CollectionWatchOptions,
  collection: Collection<T>,
  signal: AbortSignal,
): Promise<void> {
  const { host, api, log, answers } = options;
  const retry = { firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, resetAfterMs: HEALTHY_WATCH_MS, random: host.random };
  const backoff = new Backoff(retry);
  while (!signal.aborted) {
    const startedMs = host.clock.monotonic();
    const client = api();
    try {
      if (client !== undefined) await listAndWatch(client, options, collection, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (hasCode(error, "watch-ended")) log.debug({ err: error }, "a watch ended");
      else answers.onFailure(error);
    }
    const waitMs = client === undefined ? 0 : backoff.next(host.clock.monotonic() - startedMs);
    await host.clock.sleep(Math.max(FIRST_RETRY_MS, waitMs), signal).catch(() => undefined); // Cut short by the abort that ends the loop.
  }
}

interface List<T> {
  /** Null where a list of metadata is empty. */
  readonly items: readonly T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

async function listAndWatch<T>(
  client: ApiClient,
  { answers }: CollectionWatchOptions,
  collection: Collection<T>,
  signal: AbortSignal,
): Promise<void> {
  const { path, accept, onEvent, onList } = collection;
  const { items, resourceVersion } = await listAll(client, collection);
  answers.onAnswer();
  onList(items);
  const query = queryOf(collection, { watch: "true", allowWatchBookmarks: "true", resourceVersion });
  const hand = ({ type, object }: WatchEvent<T>) => {
    if (type !== "BOOKMARK" && type !== "ERROR") onEvent(type, object);
  };
  await client.watch<T>(`${path}?${query}`, hand, signal, accept?.object);
}

async function listAll<T>(client: ApiClient, collection: Collection<T>) {
  const items: T[] = [];
  let next: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = queryOf(collection, { limit: String(PAGE_SIZE), ...optional({ continue: next }) });
    const list = await client.get<List<T>>(`${collection.path}?${query}`, collection.accept?.list);
    items.push(...(list.items ?? []));
    next = list.metadata?.continue || undefined;
    if (next === undefined) return { items, resourceVersion: list.metadata?.resourceVersion ?? "" };
  }
  return { items, resourceVersion: "" };
}

function queryOf({ fieldSelector }: { readonly fieldSelector?: string }, more: Readonly<Record<string, string>>) {
  return new URLSearchParams({ ...optional({ fieldSelector }), ...more });
}
