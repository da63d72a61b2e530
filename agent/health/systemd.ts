// Word to systemd: Node has no datagram sockets of the unix family, so systemd-notify(1) carries it.
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

export interface Systemd {
  /** READY=1 with a status line. */
  ready(status: string): Promise<void>;
  /** The line that `systemctl status` shows; nothing is sent when it is the same as before. */
  showStatus(text: string): Promise<void>;
  /** WATCHDOG=1: the process is alive. */
  ping(): Promise<void>;
  stopping(): Promise<void>;
}

/** Where systemd asks for no pings the loop still tells the status. */
const DEFAULT_PERIOD_SECONDS = 30;
/** A third of the time that systemd allows: two pings may be lost. */
const PINGS_PER_TIMEOUT = 3;

/** How often to ping, seconds: WATCHDOG_USEC is the unit's WatchdogSec in microseconds (sd_watchdog_enabled(3)). */
export function watchdogPeriodSeconds(environment: Readonly<Record<string, string | undefined>>): number {
  const microseconds = Number(environment.WATCHDOG_USEC);
  if (!(microseconds > 0)) return DEFAULT_PERIOD_SECONDS;
  return Math.max(1, Math.floor(microseconds / 1e6 / PINGS_PER_TIMEOUT));
}

/** Speaks to systemd when it started us (NOTIFY_SOCKET is set), and to nobody otherwise. */
export function createSystemd(
  host: Host,
  log: Log,
  environment: Readonly<Record<string, string | undefined>>,
): Systemd {
  let lastStatus = "";
  const notify = async (...words: readonly string[]) => {
    if (environment.NOTIFY_SOCKET === undefined) return;
    // The pid is ours, not the messenger's: with NotifyAccess=main systemd would not listen to a child.
    const args = [`--pid=${host.processId}`, ...words];
    try {
      const socket = { NOTIFY_SOCKET: environment.NOTIFY_SOCKET };
      const options = { timeoutSeconds: 10, environment: socket };
      const { exitCode, stderr } = await host.run("systemd-notify", args, options);
      if (exitCode !== 0) log.warn({ exitCode, stderr }, "systemd-notify failed");
    } catch (err) {
      log.warn({ err }, "systemd-notify failed"); // The node is worth more than systemd's knowing of it.
    }
  };
  return {
    ready: (status) => notify("READY=1", `STATUS=${status}`),
    showStatus: async (text) => {
      if (text === lastStatus) return;
      lastStatus = text;
      await notify(`STATUS=${text}`);
    },
    ping: () => notify("WATCHDOG=1"),
    stopping: () => notify("STOPPING=1"),
  };
}
