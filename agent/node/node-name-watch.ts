// The Node keeps the name of its first join. Where that name was the host name, and the host name is another now, the user is to know.
import type { ConditionBoard } from "../board/conditions.ts";
import { isNodeNamed } from "../config/load.ts";
import { readNodeRecord } from "../config/node-record.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

export interface NodeNameWatchOptions {
  readonly host: Host;
  readonly board: ConditionBoard;
  readonly config: Config;
  /** The configuration file. */
  readonly file: string;
}

/** Returns a round that compares once. @throws file-unreadable */
export function createNodeNameWatch({ host, board, config, file }: NodeNameWatchOptions) {
  return async (): Promise<void> => {
    const { name } = config.node;
    const text = (await host.files.read(file)) ?? "";
    const change = isNodeNamed(text) ? undefined : await findHostnameChange(host, config.stateFolder);
    if (change === undefined) return board.setTrue("NodeNameKept", "Kept", `this machine is Node ${name}`);
    board.setFailed("NodeNameKept", hostnameChanged(change));
  };
}

/** The names of then and now. */
export interface HostnameChange {
  readonly name: string;
  readonly before: string;
  readonly now: string;
}

/** Whether the host name is another than at the first join; undefined when it is not, and before that. */
export async function findHostnameChange(host: Host, stateFolder: string): Promise<HostnameChange | undefined> {
  const record = await readNodeRecord(host, stateFolder);
  const { hostname: now } = await host.systemInformation();
  if (record === undefined || record.hostname.toLowerCase() === now.toLowerCase()) return undefined;
  return { name: record.name, before: record.hostname, now };
}

/** The problem, with the two ways out of it. */
export function hostnameChanged({ name, before, now }: HostnameChange): SatelliteError {
  return new SatelliteError(
    "hostname-changed",
    `the host name was ${before} at the first join and is ${now} now; this machine stays Node ${name}`,
    {
      hint: `node.name: ${name} in the configuration keeps it for good; eks-satellite reset, and a new start, joins as ${now.toLowerCase()}.`,
    },
  );
}
