// A node in memory whose cluster has a gateway, and an entry for it.
import { TunnelPart } from "../../agent/network/tunnel-part.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { MemoryApi } from "../fakes/memory-node-api.ts";
import { sampleCluster, sampleConfig } from "../fakes/samples.ts";
import { clusterMaps } from "./samples.ts";

/** @param host a machine on which a daemon has run before, for one that starts again */
export function createNodeWithTunnel(yaml = "", host = new MemoryHost()) {
  const api = new MemoryApi();
  const { network, gateways } = clusterMaps();
  const put = (name: string, data: Readonly<Record<string, string>>, version = "1") =>
    api.configMaps.set(`eks-satellite-${name}`, { version, data: { ...data } });
  put("network", network);
  put("gateways", gateways);
  const memoryLog = createMemoryLog();
  const board = createBoard(memoryLog.log, host.clock);
  const known: { api: MemoryApi | undefined } = { api };
  let changes = 0;
  const part = new TunnelPart({
    ...{ host, board, log: memoryLog.log, config: sampleConfig(yaml) },
    api: () => known.api,
    cluster: () => sampleCluster(),
    carrier: () => undefined,
    emit: () => {
      changes += 1;
    },
  });
  const condition = () => {
    part.judge({ isPlanned: part.known?.kind === "wanted", failure: undefined });
    const { status, reason } = board.get("TunnelConfigured");
    return `${status} ${reason}`;
  };
  return { host, api, known, part, put, network, condition, board, changes: () => changes, ...memoryLog };
}
