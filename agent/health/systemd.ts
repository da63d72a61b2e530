// Notifications to systemd: Node has no datagram sockets of the unix family, so systemd-notify(1) sends them.
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";

export interface Systemd {
  /** READY=1 with a status line. */
  ready(status: string): Promise<void>;
  /** The line that `systemctl status` shows; nothing is sent when it is the same as before. */
  showStatus(text: string): Promise<void>;
  /** WATCHDOG=1: the process is alive. To be called once a period; nothing is sent while systemd needs none before the next call. */
  ping(): Promise<void>;
  stopping(): Promise<void>;
}

/** The loop also sends the status, where systemd asks for no pings too. */
const MAX_PERIOD_SECONDS = 30;
/** Within the time that systemd allows: two may be lost. Each is a process. */
const PINGS_PER_TIMEOUT = 3;

/** How often to look whether a ping is due, seconds. */
export function watchdogPeriodSeconds(environment: Readonly<Record<string, string | undefined>>): number {
  const allowed = allowedSeconds(environment);
  if (allowed === undefined) return MAX_PERIOD_SECONDS;
  return Math.min(MAX_PERIOD_SECONDS, Math.max(1, Math.floor(allowed / PINGS_PER_TIMEOUT)));
}

/** Without a ping for so long systemd ends the process: WATCHDOG_USEC is the unit's WatchdogSec in microseconds (sd_watchdog_enabled(3)). */
function allowedSeconds({ WATCHDOG_USEC }: Readonly<Record<string, string | undefined>>): number | undefined {
  const microseconds = Number(WATCHDOG_USEC);
  return microseconds > 0 ? microseconds / 1e6 : undefined;
}

/** Notifies systemd when it started the daemon (NOTIFY_SOCKET is set), and does nothing otherwise. */
export function createSystemd(
  host: Host,
  log: Log,
  environment: Readonly<Record<string, string | undefined>>,
): Systemd {
  let lastStatus = "";
  const period = watchdogPeriodSeconds(environment);
  const allowed = allowedSeconds(environment);
  let pingedMs = Number.NEGATIVE_INFINITY;
  const notify = async (...words: readonly string[]): Promise<boolean> => {
    if (environment.NOTIFY_SOCKET === undefined) return true;
    // The daemon's pid, not systemd-notify's: with NotifyAccess=main systemd ignores a child.
    const args = [`--pid=${host.processId}`, ...words];
    try {
      const socket = { NOTIFY_SOCKET: environment.NOTIFY_SOCKET };
      const options = { timeoutSeconds: 10, environment: socket };
      const { exitCode, stderr } = await host.run("systemd-notify", args, options);
      if (exitCode !== 0) log.warn({ exitCode, stderr }, "systemd-notify failed");
      return exitCode === 0;
    } catch (err) {
      log.warn({ err }, "systemd-notify failed"); // The node works on without it.
      return false;
    }
  };
  return {
    ready: async (status) => void (await notify("READY=1", `STATUS=${status}`)),
    showStatus: async (text) => {
      if (text === lastStatus) return;
      lastStatus = text;
      await notify(`STATUS=${text}`);
    },
    ping: async () => {
      const now = host.clock.monotonic();
      if (allowed === undefined || (now - pingedMs) / 1000 + period <= allowed / PINGS_PER_TIMEOUT) return;
      if (await notify("WATCHDOG=1")) pingedMs = now;
    },
    stopping: async () => void (await notify("STOPPING=1")),
  };
}
