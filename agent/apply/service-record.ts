// Which process of a service started with which configuration: what decides whether a changed file needs a restart.
import * as z from "zod";
import type { Host } from "../host/host.ts";

const recordSchema = z.object({
  pid: z.number(),
  startTicks: z.number(),
  /** Digest of the configuration file that this process has read. */
  configSha256: z.string(),
  /** A configuration that the service did not survive, and its last words. */
  refused: z.object({ configSha256: z.string(), reason: z.string() }).optional(),
});
const recordsSchema = z.record(z.string(), recordSchema);

export type ServiceRecord = z.infer<typeof recordSchema>;

interface RecordPlace {
  readonly host: Host;
  readonly servicesFile: string;
}

/** The record of a unit, or undefined when there is none or it is damaged. */
export async function readServiceRecord(place: RecordPlace, unit: string): Promise<ServiceRecord | undefined> {
  return (await readRecords(place))[unit];
}

/** Replaces the record of a unit. @throws disk-full, file-unwritable */
export async function writeServiceRecord(place: RecordPlace, unit: string, record: ServiceRecord): Promise<void> {
  const records = { ...(await readRecords(place)), [unit]: record };
  await place.host.files.write(place.servicesFile, `${JSON.stringify(records, undefined, 2)}\n`, { mode: 0o600 });
}

async function readRecords({ host, servicesFile }: RecordPlace): Promise<z.infer<typeof recordsSchema>> {
  try {
    return recordsSchema.parse(JSON.parse((await host.files.read(servicesFile)) ?? "{}"));
  } catch {
    return {}; // Damaged, or of a disk that fails: process start times and file times decide once, then the record is whole again.
  }
}
