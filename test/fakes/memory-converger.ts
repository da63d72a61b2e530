// A converger on a machine in memory, with containerd running and a token in place.
import { Converger } from "../../agent/apply/converger.ts";
import { KeptFiles } from "../../agent/apply/kept-files.ts";
import type { ClusterFacts } from "../../agent/aws/cluster.ts";
import type { TunnelFacts } from "../../agent/facts/tunnel/tunnel-facts.ts";
import { createVersionReader } from "../../agent/facts/versions.ts";
import type { KubeletSpec } from "../../agent/kubelet/kubelet.ts";
import { createBoard } from "./board.ts";
import { MemoryContainerd } from "./memory-containerd.ts";
import { createMemoryLog } from "./memory-log.ts";
import { DOCKER_CONTAINERD_CONFIG, sampleCluster, sampleConfig } from "./samples.ts";

export const CONTAINERD_CONFIG = "/etc/containerd/config.toml";
export const TOKEN = "/run/eks-satellite/kubelet-token";
export const PKI = "/var/lib/kubelet/pki";

/** `known.cluster` is what the rounds know of the cluster; `specs` what they asked kubelet to run with. */
export function setUpConverger(config = sampleConfig()) {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put(CONTAINERD_CONFIG, DOCKER_CONTAINERD_CONFIG);
  for (const folder of [config.stateFolder, config.runFolder]) host.files.putFolder(folder, 0o700);
  host.files.put(TOKEN, "k8s-aws-v1.x");
  containerd.start();
  const memoryLog = createMemoryLog();
  const board = createBoard(memoryLog.log, host.clock);
  const known: { cluster: ClusterFacts | undefined; tunnel?: TunnelFacts } = { cluster: sampleCluster() };
  const specs: KubeletSpec[] = [];
  const repairs: string[] = [];
  const restarts: string[] = [];
  /** Of the tunnel, one a round. */
  const failures: unknown[] = [];
  const converger = new Converger({
    host,
    kept: new KeptFiles(host, config),
    config,
    log: memoryLog.log,
    board,
    versions: createVersionReader(host),
    cluster: () => known.cluster,
    tunnel: async () => known.tunnel,
    emit: (event) => {
      if (event.kind === "resource-repaired") repairs.push(event.resource);
      else if (event.kind === "kubelet-wanted") specs.push(event.spec);
      else if (event.kind === "service-restarted") restarts.push(`${event.unit}: ${event.why}`);
      else failures.push(event.failure);
    },
  });
  return { host, containerd, board, converger, known, specs, repairs, restarts, failures, ...memoryLog };
}
