// What a node whose Services and cluster names work finds when it asks.
import type { ServicesObservation } from "../../../agent/network/services/services-reader.ts";

export function workingServices(changes: Partial<ServicesObservation> = {}): ServicesObservation {
  return {
    nodeName: "gpu-1",
    identity: "hybrid",
    cni: "host",
    address: "10.250.0.11",
    serviceCidr: "10.100.0.0/16",
    apiService: "10.100.0.1",
    dnsServer: "10.100.0.10",
    dnsName: "kubernetes.default.svc.cluster.local",
    kubeProxy: { kind: "fresh", updatedAtMs: Date.UTC(2026, 0, 1) },
    service: "ok",
    route: undefined,
    dns: { kind: "answered", addresses: ["10.100.0.1"] },
    ...changes,
  };
}
