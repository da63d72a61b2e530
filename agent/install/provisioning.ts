// Everything that a node needs besides configuration: packages of the distribution, and the artifacts of EKS.
import type { ConditionBoard } from "../board/conditions.ts";
import { type Family, family } from "../board/metric-family.ts";
import { Artifacts, type ArtifactsOptions } from "./artifacts.ts";
import { Dependencies, type DependenciesOptions } from "./dependencies.ts";

export type ProvisioningOptions = Omit<ArtifactsOptions, "observation"> &
  DependenciesOptions & {
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
    const { board, nodeVersion, kubeletExits } = options;
    this.dependencies = new Dependencies(options);
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

  status() {
    return { kubelet: { upgradeWindow: this.artifacts.window.status() } };
  }

  metrics(): readonly Family[] {
    return [
      family("counter", "packages_installed_total", "Packages that were installed with apt-get.", () => [
        { value: this.dependencies.installed },
      ]),
      family(
        "counter",
        "artifact_downloads_total",
        "Downloads of kubelet and the other node binaries, by outcome.",
        () =>
          (["installed", "failed"] as const).map((outcome) => ({
            value: this.artifacts.figures[outcome],
            labels: { outcome },
          })),
      ),
      family("counter", "artifact_downloaded_bytes_total", "Bytes of the downloads that were installed.", () => [
        { value: this.artifacts.figures.bytes },
      ]),
    ];
  }

  /** Resolves when nothing is being installed. */
  async ended(): Promise<void> {
    await Promise.all([this.dependencies.ended(), this.artifacts.ended()]);
  }

  /** Runs a round of both, side by side. @throws file-unreadable */
  async round(): Promise<void> {
    await Promise.all([this.dependencies.round(), this.artifacts.round()]);
  }
}
