// One row of `verify`: what was tried, what came of it, and what to do.
import { describe, SatelliteError } from "../../errors.ts";
import { cutText, oneLine, withoutControls } from "../../foreign-text.ts";
import { optional } from "../../optional.ts";

/** `skip`: it could not be tried, for a reason that another row has, or there is nothing to try. */
export type Outcome = "ok" | "warn" | "fail" | "skip";

export interface Row {
  readonly name: RowName;
  readonly outcome: Outcome;
  /** Kebab-case; in CamelCase it is the reason of the condition that watches the same. Absent when all is well. */
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  /** Since the command began. */
  readonly seconds: number;
}

/** A row without its name and time. */
export type Result = Omit<Row, "name" | "seconds">;

/** Every row in the order of the report, with what is true when it is well. */
export const ROWS = {
  node: "the Node is there, Ready, and takes pods",
  kubelet: "the control plane reaches kubelet's port 10250, and trusts its certificate",
  pod: "a pod that is bound to the node runs",
  logs: "kubectl logs: the API server reads the pod's log",
  exec: "kubectl exec: a command runs in the pod",
  "port-forward": "kubectl port-forward: a connection reaches the pod's port",
  dns: "a pod of the node resolves a cluster name",
  "cluster-ip": "a pod of the node reaches the API server at its Service's address",
  service: "a pod of the node reaches a pod by a Service's address",
  "node-port": "a NodePort answers at the node's address",
  gpu: "a pod gets a GPU and opens its device",
} as const;

export type RowName = keyof typeof ROWS;
export const ROW_NAMES = Object.keys(ROWS) as readonly RowName[];

const MAX_MESSAGE = 500;

export function ok(message: string): Result {
  return { outcome: "ok", message: clean(message) };
}

export function fail(code: string, message: string, hint: string): Result {
  return { outcome: "fail", code, message: clean(message), hint };
}

export function warn(code: string, message: string, hint: string): Result {
  return { outcome: "warn", code, message: clean(message), hint };
}

export function skip(message: string): Result {
  return { outcome: "skip", message: clean(message) };
}

/** A thrown value as a result; what was interrupted was not tried. */
export function thrown(error: unknown): Result {
  const { code, message, hint } = describe(error);
  if (code === "interrupted") return skip(message);
  return { outcome: "fail", code, message: clean(message), ...optional({ hint }) };
}

/** The error of a wait that has ended without what was waited for. */
export function tooLate(what: string, seconds: number, hint: string): SatelliteError {
  return new SatelliteError("verify-timeout", `${what} took longer than ${seconds} s`, { hint });
}

/** Pods, kubelet and webhooks write a part of it. */
function clean(message: string): string {
  return cutText(oneLine(withoutControls(message)).trim(), MAX_MESSAGE);
}
