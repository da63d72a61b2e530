// A call to the API server by the user's kubeconfig: bounded in time, and a failure names the verb, the object and what to do.
import { SatelliteError } from "../../errors.ts";
import type { Clock } from "../../host/host.ts";
import type { VerifyKubernetes } from "../../host/verify/verify-kubernetes.ts";
import { type ApiErrorTexts, type ApiFailure, thrownError } from "../../kubernetes/api-error.ts";
import { unusable } from "../kubernetes-call.ts";
import { tooLate } from "./row.ts";

/** What every row is given. */
export interface VerifyContext {
  readonly kubernetes: VerifyKubernetes;
  readonly clock: Clock;
  /** Which kubeconfig, for errors. */
  readonly caller: string;
  /** Aborted by the user, and when the time is over. */
  readonly stopSignal: AbortSignal;
}

export interface Call<T> {
  readonly verb: string;
  /** In a message's words. */
  readonly object: string;
  readonly seconds?: number;
  readonly made: (api: VerifyKubernetes, signal: AbortSignal) => Promise<T>;
}

const CALL_SECONDS = 10;

/** Makes a call. @throws verify-timeout, interrupted, kubeconfig-unusable and the codes of kubernetes/api-error.ts */
export async function ask<T>(
  context: VerifyContext,
  { verb, object, seconds = CALL_SECONDS, made }: Call<T>,
): Promise<T> {
  const { kubernetes, caller } = context;
  const call = async (signal: AbortSignal) => {
    try {
      return await made(kubernetes, signal);
    } catch (error) {
      if (error instanceof SatelliteError) throw error;
      if ((error as Error).name === "KubeconfigError") throw unusable(caller, error);
      throw thrownError(errorTexts(caller, object, kubernetes.server), verb, toError(error));
    }
  };
  return bounded(context, { what: `${verb} of ${object}`, seconds, run: call });
}

/** Runs something until it is done, the time is over, or the user ends it. @throws verify-timeout, interrupted */
export async function bounded<T>(
  { clock, stopSignal }: Pick<VerifyContext, "clock" | "stopSignal">,
  { what, seconds, run }: { what: string; seconds: number; run: (signal: AbortSignal) => Promise<T> },
): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([stopSignal, over.signal]);
  const late = clock.sleep(seconds * 1000, signal).then(
    () => {
      throw tooLate(what, seconds, "Run it again; if it stays so, kubectl with the same --kubeconfig is as slow.");
    },
    () => {
      throw interrupted(stopSignal);
    },
  );
  try {
    return await Promise.race([run(signal), late]);
  } finally {
    over.abort();
    late.catch(() => undefined); // The race has ended; what it says no longer matters.
  }
}

/** The reason is the user's, or that the time of the whole command is over. */
function interrupted({ reason }: AbortSignal): SatelliteError {
  return reason instanceof SatelliteError
    ? reason
    : new SatelliteError("interrupted", "interrupted before it was tried");
}

/** A WebSocket that cannot be opened throws an event, with the error or its text in it. */
function toError(thrown: unknown): unknown {
  if (thrown instanceof Error) return thrown;
  const { error, message } = thrown as { readonly error?: unknown; readonly message?: unknown };
  const text = typeof message === "string" ? message : "";
  const [, status] = /Unexpected server response: (\d{3})$/.exec(text) ?? [];
  if (status !== undefined) return Object.assign(new Error(text), { code: Number(status), body: text });
  return error instanceof Error ? error : new Error(text || "the connection failed");
}

function errorTexts(caller: string, object: string, server: string): ApiErrorTexts {
  const failed = ({ request, status, message }: ApiFailure) => ({
    message: `${request} of ${object} was answered ${status}: ${message}`,
    hint: "These are the API server's own words: kubectl, with the same --kubeconfig and --context, is answered the same.",
  });
  return {
    "api-unauthorized": () => ({
      message: `the API server ${server} does not know ${caller}`,
      hint: "kubectl auth whoami, with the same --kubeconfig and --context, says whom it knows: log in again, or name another context.",
    }),
    "api-forbidden": ({ request, message }) => ({
      message: `${request} of ${object} was denied to ${caller}: ${message}`,
      hint: "Use the credentials of an administrator of the cluster (--kubeconfig, --context), or let this user do it.",
    }),
    "api-denied": ({ request, message }) => ({
      message: `${request} of ${object} was denied by a rule of the cluster's admission: ${message}`,
      hint: "Use a namespace that allows pods on the host's network: --namespace kube-system.",
    }),
    "api-unreachable": () => ({
      message: `the API server ${server} does not answer`,
      hint: "kubectl version, with the same --kubeconfig and --context, must work. Is the endpoint private? Then run this within its VPC.",
    }),
    "api-untrusted": () => ({
      message: `the certificate of the API server ${server} is not signed by the CA of the kubeconfig`,
      hint: "Write the kubeconfig again: eks-satellite clusters kubeconfig NAME --region REGION.",
    }),
    "api-conflict": failed,
    "watch-ended": failed,
    "api-failed": failed,
  };
}
