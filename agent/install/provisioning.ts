// Everything that a node needs and that is not configuration: what the distribution brings, and what EKS does.
import type { ConditionBoard } from "../board/conditions.ts";
import { Artifacts, type ArtifactsOptions } from "./artifacts.ts";
import { Dependencies, type DependenciesOptions } from "./dependencies.ts";

export type ProvisioningOptions = Omit<ArtifactsOptions, "observation"> &
  Omit<DependenciesOptions, "onInstalled"> & {
    readonly board: ConditionBoard;
    /** What the Node says that it runs, e.g. `v1.34.4-eks-a737599`. */
    readonly nodeVersion: () => string | undefined;
    /** How often kubelet has ended by itself. */
    readonly kubeletExits: () => number;
  };

/** Installs what is missing; nothing waits for that. */
export class Provisioning {
  readonly dependencies: Dependencies;
  readonly artifacts: Artifacts;

  constructor(options: ProvisioningOptions) {
    const { board, nodeVersion, kubeletExits, onChange } = options;
    this.dependencies = new Dependencies({ ...options, onInstalled: onChange });
    this.artifacts = new Artifacts({
      ...options,
      observation: () => ({
        isReady: board.isTrue("NodeReady"),
        version: nodeVersion(),
        kubeletExits: kubeletExits(),
        isReachable: board.isTrue("ApiReachable"),
      }),
    });
  }

  /** Looks at both; neither keeps the other from being looked at. @throws file-unreadable */
  async round(): Promise<void> {
    await Promise.all([this.dependencies.round(), this.artifacts.round()]);
  }
}
