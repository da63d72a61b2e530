// How a kubelet ended, or does not end, in words.
import { SatelliteError } from "../errors.ts";
import type { ChildExit } from "../host/host.ts";

/** `kubelet exited with 3 after 0.2 s; its last error: …`. */
export function describeEnd({ exitCode, signal }: ChildExit, ranForMs: number, lastError: string | undefined): string {
  const how = signal === undefined ? `exited with ${exitCode}` : `was ended by ${signal}`;
  const error = lastError === undefined ? "" : `; its last error: ${lastError}`;
  return `kubelet ${how} after ${(ranForMs / 1000).toFixed(1)} s${error}`;
}

/** The error of a kubelet that ended, in a crash loop or not. */
export function exitedError(message: string, isLoop: boolean): SatelliteError {
  const code = isLoop ? "kubelet-crash-loop" : "kubelet-exited";
  if (lacksInotify(message))
    return new SatelliteError(code, message, {
      hint: "root's programs use up what inotify allows, 128 by default: sysctl -w fs.inotify.max_user_instances=1024, and the same in a file of /etc/sysctl.d.",
    });
  return new SatelliteError(code, message, {
    hint: "journalctl -u eks-satellite | grep kubelet shows what it logged before.",
  });
}

/** inotify(7): EMFILE is about instances of a user, and not about the process's files. */
function lacksInotify(message: string): boolean {
  return /(?:inotify_init|fsnotify watcher): too many open files/.test(message);
}

/** The error of a kubelet in state D: no signal ends it. */
export function stuckError(pid: number): SatelliteError {
  return new SatelliteError(
    "kubelet-stuck",
    `kubelet (pid ${pid}) was killed and does not end: it waits in the kernel`,
    {
      hint: `cat /proc/${pid}/stack and dmesg show for what: a disk, a network file system or a driver. A reboot ends it.`,
    },
  );
}
