// As which Node this machine has joined: the name of the first join stays, whatever becomes of the host name it was taken from.
import * as z from "zod";
import type { Host } from "../host/host.ts";
import type { LaptopHost } from "../host/laptop/types.ts";
import { statePaths } from "./paths.ts";

const recordSchema = z.object({
  name: z.string(),
  /** The machine's host name at that time. */
  hostname: z.string(),
  providerId: z.string(),
});

export type NodeRecord = z.infer<typeof recordSchema>;

/** Undefined before the first join. A record that is damaged or cannot be read counts as none. */
export async function readNodeRecord(
  host: Pick<LaptopHost, "files">,
  stateFolder: string,
): Promise<NodeRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse((await host.files.read(statePaths(stateFolder).node)) ?? ""));
  } catch {
    return undefined; // StateReadable reports a disk that fails.
  }
}

/** @throws disk-full, file-unwritable */
export async function writeNodeRecord(
  host: Pick<Host, "files">,
  stateFolder: string,
  record: NodeRecord,
): Promise<void> {
  await host.files.write(statePaths(stateFolder).node, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}
