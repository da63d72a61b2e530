// What a healthy daemon answers to /status, on a node without a tunnel.
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import type { StatusDocument } from "../../agent/health/status-schema.ts";

export const AT = "2026-01-02T03:03:05.000Z";
export const LATER = "2026-01-02T04:04:05.000Z";

const OF_THE_TUNNEL = /^(?:Tunnel|ControlPlaneRoute|Services|ClusterDns)/;

export function sampleStatus(changes: Partial<StatusDocument> = {}): StatusDocument {
  return {
    schemaVersion: 1,
    version: "0.1.0",
    startedAt: AT,
    startMs: 130,
    verdict: { ready: true, healthy: true, reason: "Healthy", summary: "Node gpu-1 is Ready" },
    rootCauses: [],
    conditions: CONDITION_TYPES.map((type) => ({
      ...{ type, status: "True" as const, reason: OF_THE_TUNNEL.test(type) ? "NotUsed" : "Good" },
      ...{ message: `${type} is good`, since: AT },
      ...{ dependsOn: [], isCritical: true },
    })),
    node: { name: "gpu-1", identity: "hybrid", providerId: "eks-hybrid:///us-west-2/demo/gpu-1" },
    cluster: { name: "demo", region: "us-west-2", version: "1.34" },
    credentials: { source: "keysFile /keys", keysExpireAt: LATER, tokenExpiresAt: AT },
    kubelet: { version: "1.34.4", pid: 7, restarts: 0, restartsByReason: {} },
    containerd: { version: "1.7.27" },
    gpu: { devices: 1, driverVersion: "550.54.15" },
    versions: { node: "24.21.0" },
    converge: { rounds: 3, changes: 9, repairs: 1, lastRoundMs: 9 },
    files: [],
    loops: [],
    events: Array.from({ length: 7 }, (_, number) => ({
      at: AT,
      type: "Normal" as const,
      reason: `Event${number}`,
      message: "happened",
    })),
    lastErrors: [],
    ...changes,
  };
}
