// kubelet's health as its own endpoint says it, and the end of a kubelet that runs but answers no more.
import type { ConditionBoard } from "../board/conditions.ts";
import { SatelliteError } from "../errors.ts";
import { freeFromPods, KeptSocket, KUBELET_HEALTH_PORT } from "../facts/preflight.ts";
import type { Host, HttpResponse } from "../host/host.ts";
import type { Log } from "../log.ts";
import { isDiskHung } from "./disk-watch.ts";

const KUBELET_HEALTHZ = `http://127.0.0.1:${KUBELET_HEALTH_PORT}/healthz`;
const PROBE_TIMEOUT_SECONDS = 5;
const MAX_ANSWER_BYTES = 4096;
/** A kubelet that failed before is well when it has run for this long. */
const KUBELET_PROOF_MS = 10_000;
/** A kubelet that has just been started does not answer yet. */
const KUBELET_START_GRACE_MS = 60_000;
/** Long enough for a disk or a machine that swaps, shorter than what makes the cluster evict the pods (5 min). */
const HUNG_MS = 90_000;
/** One lost answer may be the daemon's own standstill. */
const HUNG_ROUNDS = 3;
/** No answer of kubelet's; any other failure, such as a lack of descriptors, is the daemon's own. */
const SILENT = ["ETIMEDOUT", "ECONNREFUSED", "ECONNRESET"];

export interface KubeletWatchOptions {
  readonly host: Host;
  readonly board: ConditionBoard;
  readonly kubelet: () => { readonly pid: number | undefined; readonly ageMs: number | undefined };
  readonly log?: Log;
  /** Ends a kubelet that hangs, and starts it again. */
  readonly restartKubelet?: (reason: "hung") => void;
}

/** A kubelet that has not answered, by the monotonic clock. */
interface Silence {
  readonly pid: number;
  readonly sinceMs: number;
  readonly rounds: number;
}

/** Sets KubeletRunning; has kubelet restarted when it hangs. */
export class KubeletWatch {
  readonly #options: KubeletWatchOptions;
  readonly #kept = new KeptSocket();
  #silence: Silence | undefined;

  constructor(options: KubeletWatchOptions) {
    this.#options = options;
  }

  /** Asks once, and reports. */
  async round(): Promise<void> {
    const { host, board, kubelet } = this.#options;
    const { pid } = kubelet();
    if (pid === undefined) return;
    const answer = await this.#ask(pid);
    const { pid: present, ageMs = 0 } = kubelet();
    if (present !== pid) return; // It ended meanwhile, and its supervisor reports that.
    if (!answer.isSilent || ageMs < KUBELET_START_GRACE_MS || isDiskHung(board)) this.#silence = undefined;
    // A kubelet in a crash loop answers well for a moment, each time.
    if (board.isFailing("KubeletRunning") && ageMs < KUBELET_PROOF_MS) return;
    if (answer.isWell) return board.setTrue("KubeletRunning", "Running", `kubelet runs with pid ${pid} and is healthy`);
    if (ageMs < KUBELET_START_GRACE_MS) return;
    const nowMs = host.clock.monotonic();
    if (answer.isSilent && !isDiskHung(board)) this.#silence = lengthen(this.#silence, pid, nowMs);
    board.setFailed("KubeletRunning", this.#endSilence(nowMs) ?? unhealthy(pid, answer.said));
  }

  async #ask(pid: number): Promise<Answer> {
    const { host, log } = this.#options;
    const request = { url: KUBELET_HEALTHZ, timeoutSeconds: PROBE_TIMEOUT_SECONDS, maxBytes: MAX_ANSWER_BYTES };
    const answer = await host.fetch(request).catch((cause: unknown) => cause);
    // While kubelet is away any pod may take its port, and answer, or not, in its place.
    const holder = await freeFromPods(host, KUBELET_HEALTH_PORT, { own: pid, log, kept: this.#kept });
    if (holder !== undefined) return { isWell: false, isSilent: false, said: `is taken${holder}` };
    const { status, body } = answer as Partial<HttpResponse>;
    if (status !== undefined)
      return { isWell: status === 200, isSilent: false, said: `answers ${status}: ${body?.slice(0, 200)}` };
    return { isWell: false, isSilent: isSilence(answer), said: "does not answer" };
  }

  /** The error of a kubelet that hangs and is restarted; undefined while it may still answer. */
  #endSilence(nowMs: number): SatelliteError | undefined {
    const { log, restartKubelet } = this.#options;
    if (this.#silence === undefined || restartKubelet === undefined) return undefined;
    const { pid, sinceMs, rounds } = this.#silence;
    if (nowMs - sinceMs < HUNG_MS || rounds < HUNG_ROUNDS) return undefined;
    const message = `kubelet (pid ${pid}) has not answered for ${Math.round((nowMs - sinceMs) / 1000)} s; it is ended and started again`;
    log?.warn({ pid }, message);
    this.#silence = undefined;
    restartKubelet("hung");
    return new SatelliteError("kubelet-hung", message, {
      hint: "eks-satellite bundle has what its goroutines did. A disk or a containerd that hangs is the usual cause: dmesg, systemctl status containerd.",
    });
  }
}

interface Answer {
  readonly isWell: boolean;
  readonly isSilent: boolean;
  readonly said: string;
}

function lengthen(silence: Silence | undefined, pid: number, nowMs: number): Silence {
  return silence?.pid === pid ? { ...silence, rounds: silence.rounds + 1 } : { pid, sinceMs: nowMs, rounds: 1 };
}

function isSilence(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  return SILENT.includes(String(code)) || (cause !== undefined && isSilence(cause));
}

function unhealthy(pid: number, said: string): SatelliteError {
  return new SatelliteError("kubelet-unhealthy", `kubelet runs with pid ${pid} but ${KUBELET_HEALTHZ} ${said}`, {
    hint: "journalctl -u eks-satellite | grep kubelet: shows what it is at.",
  });
}
