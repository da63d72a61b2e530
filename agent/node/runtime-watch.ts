// The container runtime's health as kubelet judges it, and the end of a containerd that runs but answers no more.
import type { ConditionBoard } from "../board/conditions.ts";
import type { NoticeEvent } from "../board/events.ts";
import { type Family, family } from "../board/metric-family.ts";
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { hasCode, SatelliteError } from "../errors.ts";
import { findUnready, listRuntimeNews, type RuntimeCondition, readRuntimeConditions } from "../facts/cri.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { isDiskHung } from "./disk-watch.ts";

const UNIT = "containerd.service";
/** containerd recovers its containers within seconds; a machine that swaps or waits for its disk may take a minute. */
const SILENT_MS = 180_000;
/** A restart that did not help helps no sooner when it is repeated. */
const RESTART_AGAIN_MS = 900_000;
const SYSTEMCTL_SECONDS = 10;
const MAX_NEWS = 1000;

export interface RuntimeWatchOptions {
  readonly host: Host;
  readonly config: Pick<Config, "containerd">;
  readonly board: ConditionBoard;
  readonly log?: Log;
  readonly emit?: (event: NoticeEvent) => void;
}

/** A process of containerd that has not answered, by the monotonic clock. */
interface Silence {
  readonly pid: number;
  readonly sinceMs: number;
}

/** Sets RuntimeReady; restarts containerd when it hangs. */
export class RuntimeWatch {
  readonly #options: RuntimeWatchOptions;
  #silence: Silence | undefined;
  #restarts = 0;
  #restartedMs: number | undefined;
  /** What the runtime said last beside its verdict. */
  #news = "";

  constructor(options: RuntimeWatchOptions) {
    this.#options = options;
  }

  status() {
    return { containerd: { restarts: this.#restarts } };
  }

  metrics(): readonly Family[] {
    return [
      family("counter", "containerd_restarts_total", "Restarts of containerd by the daemon, by reason.", () => [
        { value: this.#restarts, labels: { reason: "hung" } },
      ]),
    ];
  }

  /** Asks once, and reports. */
  async round(): Promise<void> {
    const { host, config, board } = this.#options;
    try {
      const conditions = await readRuntimeConditions(host, config.containerd.socket);
      this.#silence = undefined;
      this.#noteNews(conditions);
      const unready = findUnready(conditions);
      if (unready === undefined) board.setTrue("RuntimeReady", "Ready", "containerd answers, its network is ready");
      else board.setFailed("RuntimeReady", notReady(unready));
    } catch (error) {
      board.setFailed("RuntimeReady", (await this.#endSilence(error)) ?? error);
    }
  }

  /** kubelet heeds two conditions; any other that is false is worth a line when it is new. */
  #noteNews(conditions: readonly RuntimeCondition[]): void {
    const news = listRuntimeNews(conditions).map(({ type, message }) => `${type} is false: ${message}`);
    const words = news.join("; ").slice(0, MAX_NEWS);
    if (words !== "" && words !== this.#news) this.#options.log?.info({ unit: UNIT }, `containerd reports: ${words}`);
    this.#news = words;
  }

  /** What to report of a containerd that has been silent for long, and its restart when one is due; undefined when it has not. */
  async #endSilence(error: unknown): Promise<SatelliteError | undefined> {
    const { clock } = this.#options.host;
    const mayHang = hasCode(error, "runtime-unreachable") && !isDiskHung(this.#options.board);
    const pid = mayHang ? await this.#findIdleProcess() : undefined;
    if (pid === undefined) {
      this.#silence = undefined;
      return undefined;
    }
    if (this.#silence?.pid !== pid) this.#silence = { pid, sinceMs: clock.monotonic() };
    const silentMs = clock.monotonic() - this.#silence.sinceMs;
    if (silentMs < SILENT_MS) return undefined;
    return hung(pid, silentMs, await this.#restart(pid, silentMs), error);
  }

  /** containerd's process, while systemd neither starts nor stops it. */
  async #findIdleProcess(): Promise<number | undefined> {
    const properties = ["--property=MainPID,ActiveState,Job"];
    const answer = await this.#systemctl(["show", UNIT, ...properties]);
    const values = new Map(answer.split("\n").map((line) => line.split("=", 2) as [string, string | undefined]));
    const isIdle = values.get("ActiveState") === "active" && ["", "0", undefined].includes(values.get("Job"));
    const pid = Number(values.get("MainPID"));
    return isIdle && pid > 0 ? pid : undefined;
  }

  /** Says what was done, or why nothing was. systemd kills what does not end by itself; this does not wait for that. */
  async #restart(pid: number, silentMs: number): Promise<string> {
    const { host, config, log, emit } = this.#options;
    const now = host.clock.monotonic();
    if (!config.containerd.restartWhenHung) return "containerd.restartWhenHung is false, so it is left alone";
    if (this.#restartedMs !== undefined && now - this.#restartedMs < RESTART_AGAIN_MS)
      return `it was restarted ${minutes(now - this.#restartedMs)} ago, and is again after ${minutes(RESTART_AGAIN_MS)}`;
    this.#restartedMs = now;
    this.#restarts += 1;
    const message = `containerd (pid ${pid}) has not answered for ${minutes(silentMs)}, and is restarted; pods keep running`;
    log?.warn({ unit: UNIT, pid }, message);
    emit?.({ kind: "notice", type: "Warning", reason: "ContainerdRestarted", message });
    await this.#systemctl(["restart", UNIT, "--no-block"]);
    return "it is being restarted";
  }

  /** The answer; empty when systemd does not give one, which other conditions report. */
  async #systemctl(args: readonly string[]): Promise<string> {
    const options = { timeoutSeconds: SYSTEMCTL_SECONDS };
    const answer = await this.#options.host.run("systemctl", args, options).catch(() => undefined);
    return answer?.exitCode === 0 ? answer.stdout : "";
  }
}

function notReady({ type, reason, message }: RuntimeCondition): SatelliteError {
  return new SatelliteError("runtime-not-ready", `containerd says ${type} is false: ${reason}: ${message}`, {
    hint: `See ${PATHS.cniConfigFolder} and ${PATHS.cniBinFolder} for NetworkReady; journalctl -u containerd otherwise.`,
  });
}

function hung(pid: number, silentMs: number, done: string, cause: unknown): SatelliteError {
  return new SatelliteError(
    "runtime-hung",
    `containerd runs with pid ${pid} and has not answered for ${minutes(silentMs)}; ${done}`,
    { hint: "journalctl -u containerd -n 50; a disk that hangs or a full memory shows in journalctl -k -n 50.", cause },
  );
}

function minutes(milliseconds: number): string {
  return `${Math.floor(milliseconds / 60_000)} min`;
}
