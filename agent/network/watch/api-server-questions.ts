// Which of the API server's addresses are asked, and how: TLS is most of what a question costs, and a connection shows most of what it shows.
import type { ClusterFacts } from "../../aws/cluster.ts";
import type { Host } from "../../host/host.ts";
import type { GatewayHealth } from "../../tunnel/health.ts";
import { askApiServers, reachApiServer } from "./probes.ts";
import type { ApiServerReach } from "./watched-tunnel.ts";

/** While all is well one of them is asked with TLS so often. */
const TLS_EVERY_MS = 600_000;

export class ApiServerQuestions {
  readonly #host: Host;
  readonly #cluster: () => ClusterFacts | undefined;
  /** Those of the last answers, in the VPC. */
  #addresses: readonly string[] = [];
  /** Which one is asked with TLS, and which one a glance is at. */
  #turn = 0;
  #glances = 0;
  #tlsDueMs = 0;

  constructor(host: Host, cluster: () => ClusterFacts | undefined) {
    this.#host = host;
    this.#cluster = cluster;
  }

  /** Another gateway may name others. */
  forget(): void {
    this.#addresses = [];
    this.#tlsDueMs = 0;
  }

  /** Asks those that the gateway names: all of them with TLS while something is wrong. */
  async ask(health: GatewayHealth, vpcCidrs: readonly string[], isWell: boolean): Promise<readonly ApiServerReach[]> {
    const turn = isWell ? this.#takeTurn() : undefined;
    const reached = await askApiServers(this.#host, health, vpcCidrs, this.#cluster(), turn);
    this.#addresses = reached.filter(({ fromHere }) => fromHere !== undefined).map(({ address }) => address);
    return reached;
  }

  /** Whether the next of them takes a connection; true where none is known. */
  async glance(): Promise<boolean> {
    const address = this.#addresses[this.#glances % this.#addresses.length];
    const cluster = this.#cluster();
    this.#glances += 1;
    return (
      address === undefined || cluster === undefined || (await reachApiServer(this.#host, address, cluster)) === "ok"
    );
  }

  #takeTurn(): number | "none" {
    const nowMs = this.#host.clock.monotonic();
    if (nowMs < this.#tlsDueMs) return "none";
    this.#tlsDueMs = nowMs + TLS_EVERY_MS;
    this.#turn += 1;
    return this.#turn;
  }
}
