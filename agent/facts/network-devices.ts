// The network interfaces of this process's namespace, from /proc/net/dev: /sys shows those of the namespace in which it was mounted.
import type { Host } from "../host/host.ts";

/** What has passed through an interface since it was made. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Columns of the file: bytes received are the first, bytes sent the ninth. */
const SENT = 8;

/** By the interface's name. */
export async function readNetworkDevices(host: Host): Promise<ReadonlyMap<string, Traffic>> {
  const text = (await host.files.read("/proc/net/dev")) ?? "";
  return new Map(text.split("\n").flatMap(parseLine));
}

function parseLine(line: string): readonly (readonly [string, Traffic])[] {
  const colon = line.lastIndexOf(":");
  if (colon === -1) return [];
  const numbers = line
    .slice(colon + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  return [[line.slice(0, colon).trim(), { receivedBytes: numbers[0] ?? 0, sentBytes: numbers[SENT] ?? 0 }]];
}
