// The gateway's own entry in the ConfigMap of gateways: written when it differs from what is there, and no other key of it.
import type { V1ConfigMap } from "@kubernetes/client-node";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { type ApiClient, MERGE_PATCH } from "../kubernetes/api-client.ts";
import { type ConfigMapData, type GatewayEntry, renderGatewayEntry } from "../tunnel/entries.ts";
import { GATEWAYS_CONFIG_MAP, TUNNEL_NAMESPACE } from "../tunnel/names.ts";

const COLLECTION = `/api/v1/namespaces/${TUNNEL_NAMESPACE}/configmaps`;
/** What another party changed there is found after this long. */
const LOOK_MS = 60_000;

export class EntryPublisher {
  readonly #clock: Host["clock"];
  #published: string | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Host["clock"]) {
    this.#clock = clock;
  }

  /** Writes the entry if it is not there as it should be. @throws gateways-map-missing, and what the client throws */
  async publish(client: ApiClient, name: string, entry: GatewayEntry): Promise<"written" | "there" | "not asked"> {
    const data = renderGatewayEntry(name, entry);
    const text = data[name];
    const isDue = this.#clock.monotonic() - this.#lookedMs >= LOOK_MS;
    if (text === this.#published && !isDue) return "not asked";
    const seen = await readGateways(client);
    this.#lookedMs = this.#clock.monotonic();
    if (seen[name] !== text) await client.patch(`${COLLECTION}/${GATEWAYS_CONFIG_MAP}`, MERGE_PATCH, { data });
    this.#published = text;
    return seen[name] === text ? "there" : "written";
  }
}

/** A list with a selector: a ConfigMap that is missing is an empty answer, not an error. @throws gateways-map-missing */
async function readGateways(client: ApiClient): Promise<ConfigMapData> {
  const query = new URLSearchParams({ fieldSelector: `metadata.name=${GATEWAYS_CONFIG_MAP}` });
  const { items } = await client.get<{ readonly items: readonly V1ConfigMap[] | null }>(`${COLLECTION}?${query}`);
  const [map] = items ?? [];
  if (map !== undefined) return map.data ?? {};
  throw new SatelliteError(
    "gateways-map-missing",
    `there is no ConfigMap ${GATEWAYS_CONFIG_MAP} in ${TUNNEL_NAMESPACE}`,
    { hint: "eks-satellite gateway create makes it; satellites learn of this gateway from it." },
  );
}
