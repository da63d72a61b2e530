// Asks the API server for the two ConfigMaps, cheaply: a request of some hundred bytes says that nothing has changed.
import { assertNever, hasCode } from "../errors.ts";
import type { Clock } from "../host/host.ts";
import type { NodeApi } from "../kubernetes/node-api.ts";
import type { ConfigMapData } from "../tunnel/entries.ts";
import { GATEWAYS_CONFIG_MAP, NETWORK_CONFIG_MAP, TUNNEL_NAMESPACE } from "../tunnel/names.ts";
import { type ClusterWord, readClusterWord } from "./tunnel-entry.ts";

/** A ConfigMap that is written anew is away for a moment: what it said holds for so long. */
const ABSENT_HOLD_MS = 90_000;
/** A node that may not read it has no tunnel, or has lost a right for a while. */
const FORBIDDEN_HOLD_MS = 10 * 60_000;

interface Known {
  readonly resourceVersion: string;
  readonly data: ConfigMapData;
}

/** Remembers the versions that it has read. */
export class EntrySource {
  readonly #clock: Clock;
  readonly #node: string;
  #network: Known | undefined;
  #gateways: Known | undefined;
  #goneSinceMs: number | undefined;

  constructor(clock: Clock, node: string) {
    this.#clock = clock;
    this.#node = node;
  }

  /**
   * What the cluster says of this node; undefined while its silence may pass, which matters to a node that had an entry.
   * @throws tunnel-entry-invalid, api-unreachable and the API's other errors
   */
  async ask(api: NodeApi, hadEntry: boolean): Promise<ClusterWord | undefined> {
    const word = await this.#askFor(api).catch((error: unknown): ClusterWord => {
      if (hasCode(error, "api-forbidden")) return { kind: "forbidden" };
      throw error;
    });
    if (word.kind === "entry") {
      this.#goneSinceMs = undefined;
      return word;
    }
    if (!hadEntry) return word;
    const nowMs = this.#clock.monotonic();
    this.#goneSinceMs ??= nowMs;
    const holdMs = word.kind === "forbidden" ? FORBIDDEN_HOLD_MS : ABSENT_HOLD_MS;
    return nowMs - this.#goneSinceMs < holdMs ? undefined : word;
  }

  async #askFor(api: NodeApi): Promise<ClusterWord> {
    this.#network = await this.#read(api, NETWORK_CONFIG_MAP, this.#network);
    const hasEntry = this.#network?.data[this.#node] !== undefined;
    this.#gateways = hasEntry ? await this.#read(api, GATEWAYS_CONFIG_MAP, this.#gateways) : undefined;
    return readClusterWord(this.#node, this.#network?.data, this.#gateways?.data ?? {});
  }

  async #read(api: NodeApi, name: string, known: Known | undefined): Promise<Known | undefined> {
    const answer = await api.readConfigMap(TUNNEL_NAMESPACE, name, known?.resourceVersion);
    switch (answer.kind) {
      case "absent":
        return undefined;
      case "unchanged":
        return known;
      case "found":
        return answer;
      default:
        return assertNever(answer);
    }
  }
}
