// The ConfigMap of addresses, kube-system/eks-satellite-network, as administrators change it: no write overwrites another's.
import { hasCode, SatelliteError } from "../../errors.ts";
import type { Clock } from "../../host/host.ts";
import type { ConfigMap, ConfigMapChange, ConfigMapName } from "../../host/kubernetes-admin.ts";
import { GATEWAYS_CONFIG_MAP, NETWORK_CONFIG_MAP, TUNNEL_NAMESPACE } from "../../tunnel/names.ts";
import { type Change, diffOf } from "../change.ts";
import { type AskKubernetes, ignoreMissing } from "../kubernetes-call.ts";

export const NETWORK_MAP: ConfigMapName = { namespace: TUNNEL_NAMESPACE, name: NETWORK_CONFIG_MAP };
export const GATEWAY_MAP: ConfigMapName = { namespace: TUNNEL_NAMESPACE, name: GATEWAYS_CONFIG_MAP };

/** More conflicts in a row than this mean that another program keeps writing the ConfigMap. */
const MAX_ATTEMPTS = 8;
const RETRY_MILLISECONDS = 200;

export type MapData = Readonly<Record<string, string>>;

/** What an edit makes of the current data: keys to set, null for a key to remove; undefined when there is nothing to do. */
export type MapEdit = (data: MapData) => ConfigMapChange | undefined;

/** In a message's words. */
export function describeMap({ namespace, name }: ConfigMapName): string {
  return `configmap ${name} in namespace ${namespace}`;
}

/** Undefined when there is none. @throws api-forbidden, … */
export function readMap(ask: AskKubernetes, map: ConfigMapName): Promise<ConfigMap | undefined> {
  return ask("get", describeMap(map), (api) => api.readConfigMap(map).catch(ignoreMissing));
}

/** A ConfigMap holds 1 MiB: of its 48,576 bytes more what is there beside entries of nodes is taken. */
const MAX_BYTES = 1_000_000;
/** `"NODE":"KEY",` in a gateway's entry, without the name. */
const PEER_BYTES = 50;
/** That of both gateways stand in one ConfigMap. */
const GATEWAYS = 2;

/** Whether both ConfigMaps hold all the nodes: the one of addresses, and the one in which each gateway names the keys that it accepts. @throws network-full */
export function checkRoom(before: MapData, change: ConfigMapChange): void {
  const entries = Object.entries({ ...before, ...change }).filter(([, text]) => text !== null);
  const bytes = (text: string | null) => Buffer.byteLength(text ?? "");
  const addresses = entries.reduce((sum, [name, text]) => sum + bytes(name) + bytes(text), 0);
  const keys = entries.reduce((sum, [name]) => sum + GATEWAYS * (bytes(name) + PEER_BYTES), 0);
  const most = Math.max(addresses, keys);
  if (most <= MAX_BYTES) return;
  throw new SatelliteError(
    "network-full",
    `the tunnel's ConfigMaps have no room for ${entries.length} entries: they need ${most} bytes of ${MAX_BYTES}`,
    {
      hint: "Free the addresses of nodes that are gone: eks-satellite revoke --node-name NODE --tunnel. Shorter names take less room; more satellites than this need another cluster.",
    },
  );
}

export interface MapContext {
  readonly ask: AskKubernetes;
  readonly clock: Pick<Clock, "sleep">;
}

/** Plans an edit of a map that was read; undefined when there is nothing to do. The edit is made anew when another client was faster. @throws what `edit` throws */
export function planMapEdit(
  context: MapContext,
  map: ConfigMapName,
  { seen, edit }: { seen: ConfigMap | undefined; edit: MapEdit },
): Change | undefined {
  const before = seen?.data ?? {};
  const change = edit(before);
  if (change === undefined) return undefined;
  const keys = Object.keys(change);
  const target = `${keys.join(", ") || "an empty"} ${keys.length === 0 ? map.name : `in ${map.name}`}`;
  const text = (data: Readonly<Record<string, string | null | undefined>>) => {
    const lines = keys.flatMap((key) => (typeof data[key] === "string" ? [`${key}: ${data[key]}\n`] : []));
    return lines.length === 0 ? undefined : lines.join("");
  };
  const after = keys.length === 0 ? "{}\n" : text(change);
  return {
    target,
    action: after === undefined ? "delete" : text(before) === undefined ? "create" : "update",
    diff: diffOf(target, text(before), after),
    apply: (print) => writeEdit(context, map, { seen, edit, print }),
  };
}

async function writeEdit(
  { ask, clock }: MapContext,
  map: ConfigMapName,
  { seen, edit, print }: { seen: ConfigMap | undefined; edit: MapEdit; print: (line: string) => void },
): Promise<void> {
  for (let attempt = 1, present = seen; ; attempt += 1) {
    const change = edit(present?.data ?? {});
    if (change === undefined) return print(`${map.name}: another client has made the same change`);
    try {
      return await write(ask, map, { present, change });
    } catch (error) {
      if (!hasCode(error, "api-conflict")) throw error;
      if (attempt === MAX_ATTEMPTS) throw contended(map, error);
      print(`${map.name}: changed by another client; making the change in the new content`);
      await clock.sleep(RETRY_MILLISECONDS * attempt);
      present = await readMap(ask, map);
    }
  }
}

function write(
  ask: AskKubernetes,
  map: ConfigMapName,
  { present, change }: { present: ConfigMap | undefined; change: ConfigMapChange },
): Promise<void> {
  if (present !== undefined)
    return ask("patch", describeMap(map), (api) => api.patchConfigMap(map, present.metadata.resourceVersion, change));
  const data = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;
  return ask("create", describeMap(map), (api) => api.createConfigMap(map, data));
}

function contended(map: ConfigMapName, cause: unknown): SatelliteError {
  return new SatelliteError(
    "network-map-conflict",
    `${describeMap(map)} was changed by another client ${MAX_ATTEMPTS} times in a row`,
    {
      hint: "Find out what writes it (a GitOps controller, say): administrators alone should. Then run this again.",
      cause,
    },
  );
}
