// Everything that the plan follows from, read in one go.

import type { ClusterFacts } from "../aws/cluster.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import { type ContainerdFacts, readContainerdConfig } from "./containerd.ts";
import { createImportReader, type ImportReader } from "./containerd-imports.ts";
import { createDefaultRouteReader, type DefaultRouteReader } from "./default-route.ts";
import { type DnsFacts, readDnsFacts } from "./dns/dns-facts.ts";
import { type MachineFacts, readMachine } from "./machine.ts";
import { readNvidiaToolkit } from "./nvidia-toolkit.ts";
import type { TunnelFacts } from "./tunnel/tunnel-facts.ts";
import type { VersionReader } from "./versions.ts";

/** An undefined fact is unknown; `gaps` holds the reasons. */
export interface NodeFacts {
  readonly machine: MachineFacts;
  readonly cluster: ClusterFacts | undefined;
  readonly containerd: ContainerdFacts | undefined;
  /** E.g. `1.34.4`. */
  readonly kubeletVersion: string | undefined;
  readonly tunnel?: TunnelFacts | undefined;
  readonly dns?: DnsFacts | undefined;
  readonly gaps: readonly unknown[];
}

/** What remembers, from round to round, what it asked programs. */
export interface FactReaders {
  readonly imports: ImportReader;
  readonly routes: DefaultRouteReader;
}

export function createFactReaders(host: Host): FactReaders {
  return { imports: createImportReader(host), routes: createDefaultRouteReader(host) };
}

/** Reads the machine, with readers that remember what they asked programs; a missing kubelet or containerd is a gap, not a failure, so that the rest of the plan still applies. */
export async function readNodeFacts(
  host: Host,
  config: Config,
  versions: VersionReader,
  cluster: ClusterFacts | undefined,
  { imports: imported, routes } = createFactReaders(host),
): Promise<NodeFacts> {
  const gaps: unknown[] = [];
  const orGap = <T>(reading: Promise<T>): Promise<T | undefined> =>
    reading.catch((error: unknown) => {
      gaps.push(error);
      return undefined;
    });
  const [machine, kubelet, containerd, containerdConfig] = await Promise.all([
    readMachine(host, config.imageCredentialProvider.path, routes),
    orGap(versions.readKubelet(config.kubelet.path)),
    orGap(versions.readContainerd()),
    orGap(readContainerdConfig(host, config.containerd.configFile)),
  ]);
  const table = containerdConfig?.kind === "parsed" ? [containerdConfig.table] : [];
  const { imports, effective } = await imported.read(
    config.containerd.configFile,
    containerdConfig ?? { kind: "absent" },
    containerd?.version,
  );
  const nvidia = await readNvidiaToolkit(host, [...table, ...imports.map((drop) => drop.table)]);
  return {
    machine,
    cluster,
    containerd:
      containerd === undefined || containerdConfig === undefined
        ? undefined
        : { version: containerd.version, config: containerdConfig, imports, effective, nvidia },
    kubeletVersion: kubelet?.version,
    dns: await readDnsFacts(host, containerdConfig),
    gaps,
  };
}
