// Notifications to systemd: Node has no datagram sockets of the unix family, so systemd-notify(1) sends them.
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

/** Where systemd asks for no pings, the loop still sends the status; with a long watchdog several pings may be lost. */
const MAX_PERIOD_SECONDS = 30;
/** A third of the time that systemd allows: two pings may be lost. */
const PINGS_PER_TIMEOUT = 3;

/** How often to ping, seconds: WATCHDOG_USEC is the unit's WatchdogSec in microseconds (sd_watchdog_enabled(3)). */
export function watchdogPeriodSeconds(environment: Readonly<Record<string, string | undefined>>): number {
  const microseconds = Number(environment.WATCHDOG_USEC);
  if (!(microseconds > 0)) return MAX_PERIOD_SECONDS;
  return Math.min(MAX_PERIOD_SECONDS, Math.max(1, Math.floor(microseconds / 1e6 / PINGS_PER_TIMEOUT)));
}

/** Notifies systemd when it started the daemon (NOTIFY_SOCKET is set), and does nothing otherwise. */
export function createSystemd(
  host: Host,
  log: Log,
  environment: Readonly<Record<string, string | undefined>>,
): Systemd {
  let lastStatus = "";
  const notify = async (...words: readonly string[]) => {
    if (environment.NOTIFY_SOCKET === undefined) return;
    // The daemon's pid, not systemd-notify's: with NotifyAccess=main systemd ignores a child.
    const args = [`--pid=${host.processId}`, ...words];
    try {
      const socket = { NOTIFY_SOCKET: environment.NOTIFY_SOCKET };
      const options = { timeoutSeconds: 10, environment: socket };
      const { exitCode, stderr } = await host.run("systemd-notify", args, options);
      if (exitCode !== 0) log.warn({ exitCode, stderr }, "systemd-notify failed");
    } catch (err) {
      log.warn({ err }, "systemd-notify failed"); // The node works on without it.
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
