// Everything that a node needs besides configuration: packages of the distribution, and the artifacts of EKS.
import type { ConditionBoard } from "../board/conditions.ts";
import { Artifacts, type ArtifactsOptions } from "./artifacts.ts";
import { Dependencies, type DependenciesOptions } from "./dependencies.ts";

export type ProvisioningOptions = Omit<ArtifactsOptions, "observation"> &
  Omit<DependenciesOptions, "onInstalled"> & {
    readonly board: ConditionBoard;
    /** kubelet's version in the Node's status, e.g. `v1.34.4-eks-a737599`. */
    readonly nodeVersion: () => string | undefined;
    /** How often kubelet has exited by itself. */
    readonly kubeletExits: () => number;
  };

/** Installs what is missing in the background. */
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

  /** Runs a round of both, side by side. @throws file-unreadable */
  async round(): Promise<void> {
    await Promise.all([this.dependencies.round(), this.artifacts.round()]);
  }
}
