// The API server's watch, over one connection: how the sandbox learns of changes without polling kubectl.
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import { join } from "node:path";
import type { Addresses } from "./addresses.ts";

/** One event of a watch. */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/** The little of a Node that the sandbox reads. */
export interface NodeObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly providerID?: string; readonly taints?: readonly { readonly key: string }[] };
  readonly status?: {
    readonly nodeInfo?: { readonly kubeletVersion: string; readonly containerRuntimeVersion: string };
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
    readonly allocatable?: Readonly<Record<string, string>>;
  };
}

/** A list of objects, as the API gives it. */
interface ObjectList<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

/**
 * Watches a collection as the cluster's administrator: what is there first, then each change, until the server ends
 * the watch (some minutes) or `signal` aborts it. It lists first and watches from there: a watch without a version to
 * start from fails on etcd 3.4.
 * @param path such as `/api/v1/nodes?fieldSelector=metadata.name%3Dsatellite-1`
 */
export async function* watch<T>(
  folder: string,
  addresses: Addresses,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  const pki = join(folder, "pki");
  const files = ["ca.crt", "admin.crt", "admin.key"].map((file) => readFile(join(pki, file)));
  const [ca, cert, key] = await Promise.all(files);
  const call: RequestOptions = { host: addresses.api, port: 443, path, ca, cert, key, signal, agent: false };

  let text = "";
  for await (const line of readLines(call)) text += line;
  const list: ObjectList<T> = JSON.parse(text);
  for (const object of list.items) yield { type: "ADDED", object };
  const start = `watch=1&resourceVersion=${list.metadata.resourceVersion}`;
  for await (const line of readLines({ ...call, path: `${path}${path.includes("?") ? "&" : "?"}${start}` })) {
    const event: WatchEvent<T> = JSON.parse(line);
    if (event.type === "ERROR") throw new Error(`watch of ${path} failed: ${line}`);
    yield event;
  }
}

/** The lines of a reply, as they come. */
async function* readLines(call: RequestOptions): AsyncGenerator<string> {
  const sent = request(call);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve).once("error", reject).end();
    });
    if (response.statusCode !== 200) throw new Error(`GET ${call.path} gave HTTP ${response.statusCode}`);
    let rest = "";
    for await (const chunk of response.setEncoding("utf8")) {
      const parts = `${rest}${chunk}`.split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
    if (rest) yield rest;
  } finally {
    sent.destroy();
  }
}

/** Whether a Node says Ready=True. */
export function isReady(node: NodeObject): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/**
 * Waits until the node satisfies `accept`, by default until it is Ready, and returns it.
 * @throws Error when `deadlineMs` passes, with what the node last said.
 */
export async function waitForNode(
  folder: string,
  addresses: Addresses,
  name: string,
  options: { readonly deadlineMs: number; readonly accept?: (node: NodeObject) => boolean },
): Promise<NodeObject> {
  const signal = AbortSignal.timeout(options.deadlineMs);
  const accept = options.accept ?? isReady;
  let last: NodeObject | undefined;
  while (!signal.aborted) {
    try {
      const path = `/api/v1/nodes?fieldSelector=metadata.name%3D${name}`;
      for await (const { type, object } of watch<NodeObject>(folder, addresses, path, signal)) {
        last = type === "DELETED" ? undefined : object;
        if (last && accept(last)) return last;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
  const seen = last ? JSON.stringify(last.status?.conditions, null, 2) : "there is no such Node";
  throw new Error(`waited ${options.deadlineMs / 1000} s for node ${name}: ${seen}`);
}
