// The whole of `verify`: every row at once where it can be, all of it in a minute, and nothing left behind.
import { hasCode, SatelliteError } from "../../errors.ts";
import type { VerifiedNode } from "../../host/verify/verify-kubernetes.ts";
import { ask, type VerifyContext } from "./ask.ts";
import { createMade, removeLeft } from "./made.ts";
import { type Row, type RowName, thrown } from "./row.ts";
import { startRows } from "./start-rows.ts";
import type { Subject } from "./subject.ts";

/** All of it; what is left of a minute is for the removal. */
const MAX_SECONDS = 50;

export interface VerifyOptions {
  readonly nodeName: string;
  readonly namespace: string;
  readonly image: string;
  readonly isOnHostNetwork: boolean;
  /** In the order of the report. */
  readonly rows: readonly RowName[];
  /** A few random hexadecimal digits. */
  readonly suffix: string;
  /** Of the pod's page; on the host's network it is the node's. */
  readonly port: number;
}

export interface VerifyReport {
  readonly rows: readonly Row[];
  /** Objects that could not be removed. */
  readonly left: readonly string[];
  /** Objects of earlier runs that were removed. */
  readonly removedOfOthers: number;
}

/**
 * Tries the node. Rows are handed out in their order, as soon as they are known.
 * @throws node-not-found, kubeconfig-unusable, and the codes of kubernetes/api-error.ts, when not even the Node can be read
 */
export async function verifyNode(
  context: VerifyContext,
  options: VerifyOptions,
  onRow: (row: Row) => void,
): Promise<VerifyReport> {
  const beganMs = context.clock.monotonic();
  const over = new AbortController();
  const stopSignal = AbortSignal.any([context.stopSignal, over.signal]);
  const late = new SatelliteError("interrupted", `not tried: ${MAX_SECONDS} s were over`);
  context.clock.sleep(MAX_SECONDS * 1000, stopSignal).then(
    () => over.abort(late),
    () => undefined, // It has ended before.
  );
  const bounded = { ...context, stopSignal };
  const node = await readNode(bounded, options.nodeName);
  const subject = createSubject(bounded, options, node);
  try {
    const removing = removeLeft(bounded, options.namespace).catch(() => 0);
    const results = startRows(subject, options.rows);
    const rows: Row[] = [];
    for (const name of options.rows) {
      const result = await results[name]().catch(thrown);
      const row = { name, ...result, seconds: Math.round(context.clock.monotonic() - beganMs) / 1000 };
      rows.push(row);
      onRow(row);
    }
    return { rows, removedOfOthers: await removing, left: await cleanUp(context, subject) };
  } catch (error) {
    await cleanUp(context, subject);
    throw error;
  } finally {
    over.abort(late);
  }
}

/** The user's interruption ends the rows, and not this. */
function cleanUp(context: VerifyContext, { made }: Subject): Promise<readonly string[]> {
  return made.removeAll({ ...context, stopSignal: new AbortController().signal });
}

function createSubject(context: VerifyContext, options: VerifyOptions, node: VerifiedNode): Subject {
  const { nodeName, image, isOnHostNetwork, namespace, suffix, port } = options;
  const name = `eks-satellite-verify-${suffix}`;
  const made = createMade(namespace);
  return { ...context, nodeName, node, image, isOnHostNetwork, made, name, token: `verify-${suffix}`, port };
}

async function readNode(context: VerifyContext, name: string): Promise<VerifiedNode> {
  return ask(context, { verb: "get", object: `node ${name}`, made: (api) => api.readNode(name) }).catch((error) => {
    if (!hasCode(error, "api-failed") || !/answered 404/.test((error as Error).message)) throw error;
    throw new SatelliteError("node-not-found", `the cluster at ${context.kubernetes.server} has no Node ${name}`, {
      hint: "kubectl get nodes lists them; eks-satellite status, on the machine, says why it has not joined.",
      cause: error,
    });
  });
}
