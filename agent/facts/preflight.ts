// Obstacles that would keep kubelet from starting, found before it starts.
import { parse } from "semver";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { findProcesses, isOfGroup, isOfMachine, isOfPod, readContainer, readProcess, readUnit } from "./process.ts";

/** kubelet's API port (`port` of KubeletConfiguration), which the control plane calls for logs and exec. */
export const KUBELET_PORT = 10_250;
/** kubelet's `healthzPort`, on loopback. */
export const KUBELET_HEALTH_PORT = 10_248;
/** Kubernetes' version skew policy: kubelet is never newer than the API server and at most three minors older. */
export const MAX_MINORS_BEHIND = 3;
const TCP_LISTEN = "0A";
const OWN_UNIT = "eks-satellite.service";

/** @throws swap-on, when kubelet's default to refuse swap is in force */
export function checkSwap(config: Pick<Config, "kubelet">, swapBytes: number): void {
  if (swapBytes === 0 || config.kubelet.config.failSwapOn === false) return;
  throw new SatelliteError(
    "swap-on",
    `swap is on (${Math.round(swapBytes / 2 ** 20)} MiB), and kubelet refuses to start with it`,
    {
      hint: "swapoff -a and remove its line from /etc/fstab, or set kubelet.config.failSwapOn: false.",
    },
  );
}

/** Whether a kubelet, e.g. `1.33.13`, fits a cluster, e.g. of `1.34`. */
export function isSupported(kubeletVersion: string, clusterVersion: string): boolean {
  const kubelet = parse(kubeletVersion)?.minor ?? 0;
  const cluster = minorOf(clusterVersion);
  return kubelet <= cluster && cluster - kubelet <= MAX_MINORS_BEHIND;
}

/** The oldest and the newest version of kubelet that fit: `1.31 and 1.34`. */
export function supportedRange(clusterVersion: string): string {
  return `1.${Math.max(0, minorOf(clusterVersion) - MAX_MINORS_BEHIND)} and ${clusterVersion}`;
}

/** @throws version-skew */
export function checkVersionSkew(kubeletVersion: string, clusterVersion: string): void {
  if (isSupported(kubeletVersion, clusterVersion)) return;
  throw new SatelliteError(
    "version-skew",
    `kubelet ${kubeletVersion} does not fit a cluster of version ${clusterVersion}`,
    { hint: `Install a kubelet between ${supportedRange(clusterVersion)}.` },
  );
}

function minorOf(clusterVersion: string): number {
  return Number(clusterVersion.split(".")[1] ?? 0);
}

/** Refuses to run beside a foreign kubelet. @throws kubelet-stranger */
export async function checkForeignKubelet(host: Host): Promise<void> {
  const pids = await findProcesses(host, "kubelet");
  const areForeign = await Promise.all(pids.map((found) => isAtWork(host, found)));
  const pid = pids.find((_, index) => areForeign[index]);
  if (pid === undefined) return;
  const unit = await readUnit(host, pid);
  throw new SatelliteError(
    "kubelet-stranger",
    `another kubelet runs with pid ${pid}${unit === undefined ? "" : ` in ${unit}`}`,
    {
      // Our own kubelet, whose record was lost, is in our own unit, which must not be disabled.
      hint:
        unit === undefined || unit === OWN_UNIT ? `See ps -fp ${pid}, and end it.` : `systemctl disable --now ${unit}.`,
    },
  );
}

/** Neither a process that has just ended nor one that only prints its version, as `check` starts it, is a running kubelet. */
async function isAtWork(host: Host, pid: number): Promise<boolean> {
  const [, ...args] = ((await host.files.read(`/proc/${pid}/cmdline`)) ?? "").split("\0");
  return !args.includes("--version") && (await readProcess(host, pid)) !== undefined && (await isOfMachine(host, pid));
}

/**
 * Refuses a port that root's own program holds. A pod's process that has taken it is ended: without kubelet nothing else would
 * ever end that pod. Any other user's is left to kubelet, which says so itself.
 * @throws port-taken
 */
export async function checkPort(host: Host, log: Log): Promise<void> {
  const listener = await findListener(host, KUBELET_PORT);
  if (listener === undefined) return;
  const { pid, words } = listener;
  if (pid !== undefined && (await isOfMachine(host, pid))) {
    throw new SatelliteError("port-taken", `port ${KUBELET_PORT} is taken${words}`, {
      hint: `ss -ltnp 'sport = :${KUBELET_PORT}' shows by whom; stop it.`,
    });
  }
  await endPodsListener(host, KUBELET_PORT, { listener, log });
}

interface FreeingOptions {
  /** The process whose port it is; one that it has started may hold it too. */
  readonly own: number;
  readonly log?: Log | undefined;
  /** For a reader that asks each round. */
  readonly kept?: KeptSocket;
}

/** Remembers by which descriptor the process whose port it is holds its socket: while that leads to the socket still, nothing else need be read. */
export class KeptSocket {
  #found: { readonly own: number; readonly descriptor: string; readonly inode: string } | undefined;

  async isHeld(host: Host, own: number): Promise<boolean> {
    const found = this.#found;
    if (found?.own !== own) return false;
    return (await host.files.readLink(`/proc/${own}/fd/${found.descriptor}`)) === `socket:[${found.inode}]`;
  }

  keep(own: number, descriptor: string, inode: string): void {
    this.#found = { own, descriptor, inode };
  }
}

/**
 * Ends a pod's process that listens on a port of kubelet's, and says who listens there in its place. Undefined when nothing
 * else does.
 */
export async function freeFromPods(
  host: Host,
  port: number,
  { own, log, kept }: FreeingOptions,
): Promise<string | undefined> {
  if ((await kept?.isHeld(host, own)) === true) return undefined;
  const inode = await findListeningSocket(host, port);
  if (inode === undefined) return undefined;
  const descriptor = await findDescriptor(host, own, inode);
  if (descriptor !== undefined) {
    kept?.keep(own, descriptor, inode);
    return undefined;
  }
  const listener = await findSocketHolder(host, inode);
  if (listener.pid !== undefined && (await isOfGroup(host, listener.pid, own))) return undefined;
  await endPodsListener(host, port, { listener, log });
  return listener.words;
}

async function endPodsListener(
  host: Host,
  port: number,
  { listener: { pid, words }, log }: { readonly listener: Listener; readonly log: Log | undefined },
): Promise<void> {
  // A socket in flight between two processes (SCM_RIGHTS) has no holder: that, too, a pod can do.
  const isEnded = pid !== undefined && (await isOfPod(host, pid)) && host.kill(pid, "SIGKILL");
  log?.warn({ pid }, `port ${port} is taken${words}${isEnded ? ", which is ended: it is kubelet's" : ""}`);
}

/** The process that listens on a TCP port; `words` is ` by NAME (pid N) of pod UID`, or empty when it is unknown. */
export interface Listener {
  readonly pid?: number;
  readonly words: string;
}

/** Finds the listener on a TCP port of any address, or undefined when the port is free. */
export async function findListener(host: Host, port: number): Promise<Listener | undefined> {
  const inode = await findListeningSocket(host, port);
  return inode === undefined ? undefined : findSocketHolder(host, inode);
}

async function findListeningSocket(host: Host, port: number): Promise<string | undefined> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const rows = ((await host.files.read(table)) ?? "").split("\n").map((line) => line.trim().split(/\s+/));
    const row = rows.find(([, local, , state]) => local?.endsWith(suffix) && state === TCP_LISTEN);
    if (row !== undefined) return row[9] ?? "";
  }
  return undefined;
}

/** Names the process that holds a socket, by the socket's inode. */
export async function findSocketHolder(host: Host, inode: string): Promise<Listener> {
  for (const pid of (await host.files.list("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    if ((await findDescriptor(host, Number(pid), inode)) === undefined) continue;
    const [name = "", container] = await Promise.all([
      host.files.read(`/proc/${pid}/comm`),
      readContainer(host, Number(pid)),
    ]);
    return {
      pid: Number(pid),
      words: ` by ${name.trim()} (pid ${pid})${container === undefined ? "" : ` of ${container}`}`,
    };
  }
  return { words: "" };
}

/** The descriptor by which a process holds a socket. */
async function findDescriptor(host: Host, pid: number, inode: string): Promise<string | undefined> {
  const descriptors = await host.files.list(`/proc/${pid}/fd`);
  const links = await Promise.all(
    descriptors.map((descriptor) => host.files.readLink(`/proc/${pid}/fd/${descriptor}`)),
  );
  return descriptors[links.indexOf(`socket:[${inode}]`)];
}
