// Files that the kernel makes up when they are read. No disk, no driver and no other machine is behind those that are listed here, and
// none is long: they are read at once, which takes a twentieth of what Node's threads for files take.
import { readFileSync, readlinkSync, type Stats, statSync } from "node:fs";

/** Not /proc/net/tcp, which is as long as pods like it, nor what a driver of a device answers, nor what waits for a process's memory (`cmdline`). */
const AT_ONCE = [
  /^\/proc\/(?:meminfo|stat|uptime|filesystems|bus\/pci\/devices)$/,
  /^\/proc\/sys\/(?:net|vm|kernel|user)(?:\/[\w-][\w.-]{0,63}){1,6}$/,
  /^\/proc\/net\/(?:route|ipv6_route|dev)$/,
  /^\/proc\/(?:self|\d{1,10})\/(?:stat|comm|cgroup|fd\/\d{1,10}|ns\/[a-z_]{1,32})$/,
  /^\/sys\/(?:module|fs\/cgroup)\/[\w-][\w.-]{0,127}$/,
  /^\/sys\/class\/net\/[\w-][^/]{0,31}\/operstate$/,
  /^\/sys\/bus\/pci\/devices\/[\da-f][^/]{0,31}\/(?:vendor|class|driver)$/,
];

/** Whether the kernel answers without waiting for anything. */
export function isAnsweredAtOnce(path: string): boolean {
  return (path.startsWith("/proc/") || path.startsWith("/sys/")) && AT_ONCE.some((pattern) => pattern.test(path));
}

/** @throws as readFile rejects */
export function readAtOnce(path: string): string {
  return readFileSync(path, "utf8");
}

/** Undefined when nothing is there. @throws as stat rejects otherwise */
export function statAtOnce(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Undefined when it is no link. @throws as readlink rejects otherwise */
export function readLinkAtOnce(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EINVAL") return undefined;
    throw error;
  }
}
