// When a service has started: one probe for each kind of readiness in plan/resource.ts.
import { SatelliteError } from "../errors.ts";
import { readRuntimeConditions } from "../facts/cri.ts";
import type { Host } from "../host/host.ts";
import type { Readiness, ServiceResource } from "../plan/resource.ts";

type Probe<R> = (host: Host, unit: string, readiness: R) => Promise<unknown>;

/** A kind without a probe does not compile. */
const PROBES: { readonly [K in Readiness["kind"]]: Probe<Extract<Readiness, { kind: K }>> } = {
  cri: (host, _, { socket }) => readRuntimeConditions(host, socket),
  active: async (host, unit) => {
    const { stdout } = await host.run("systemctl", ["is-active", unit]);
    const state = stdout.trim();
    if (state !== "active")
      throw new SatelliteError("service-failed", `systemd says that ${unit} is ${state || "unknown"}`);
  },
};

/** Asks once. @throws what the service lacks */
export async function probeReadiness(host: Host, { unit, readiness }: ServiceResource): Promise<void> {
  const probe = PROBES[readiness.kind] as Probe<Readiness>;
  await probe(host, unit, readiness);
}
