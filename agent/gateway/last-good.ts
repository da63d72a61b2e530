// What the cluster said last, on disk: a gateway that starts while the API server is away has its peers all the same.
import * as z from "zod";
import type { Host } from "../host/host.ts";

const serviceSchema = z.object({ address: z.string(), port: z.number(), protocol: z.enum(["tcp", "udp"]) });
const texts = z.record(z.string(), z.string());
const lastGoodSchema = z.object({
  /** Data of the administrators' ConfigMap, with the last good entry in place of a damaged one. */
  data: texts,
  /** Keys that Nodes said, by node. */
  annotations: texts,
  /** Keys to which nodes are about to change, by node. */
  nextKeys: texts.default({}),
  /** Keys that were accepted, by node. */
  held: texts,
  services: z.object({ apiServers: z.array(serviceSchema), clusterDns: z.array(serviceSchema) }),
});

export type LastGood = z.infer<typeof lastGoodSchema>;

/** Undefined when there is none, or it is damaged: the cluster is asked then. */
export async function readLastGood(host: Host, path: string): Promise<LastGood | undefined> {
  try {
    return lastGoodSchema.parse(JSON.parse((await host.files.read(path)) ?? ""));
  } catch {
    return undefined;
  }
}

/** @throws disk-full, file-unwritable */
export async function writeLastGood(host: Host, path: string, lastGood: LastGood): Promise<void> {
  await host.files.write(path, `${JSON.stringify(lastGood)}\n`, { mode: 0o600 });
}
