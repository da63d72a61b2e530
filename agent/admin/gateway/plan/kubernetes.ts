// What the cluster has to hold for gateways and satellites: RBAC objects, and the two ConfigMaps by which they learn of each other.
import { isDeepStrictEqual } from "node:util";
import type { ConfigMap, RbacName } from "../../../host/kubernetes-admin.ts";
import { optional } from "../../../optional.ts";
import { type NetworkEntry, readNetworkMap, renderNetworkEntry } from "../../../tunnel/entries.ts";
import { GATEWAY_LEASE, LEASE_PATH, TUNNEL_NAMESPACE } from "../../../tunnel/names.ts";
import { type RbacObject, rbacPath, TUNNEL_RBAC } from "../../../tunnel/rbac.ts";
import { type Change, diffOf, pretty } from "../../change.ts";
import { type AskKubernetes, ignoreMissing } from "../../kubernetes-call.ts";
import { GATEWAY_MAP, type MapContext, NETWORK_MAP, planMapEdit, readMap } from "../network-map.ts";

/** In a message's words. */
export const LEASE = `lease ${GATEWAY_LEASE} in namespace ${TUNNEL_NAMESPACE}`;

/** What of an object decides what it grants. */
type Grant = Pick<RbacObject, "rules" | "subjects" | "roleRef">;

export interface KubernetesPicture {
  readonly network: ConfigMap | undefined;
  readonly gateways: ConfigMap | undefined;
  /** In the order of TUNNEL_RBAC; undefined where there is none. */
  readonly grants: readonly (Grant | undefined)[];
  /** The Lease, which gateways make. */
  readonly hasLease: boolean;
}

/** @throws api-forbidden, api-unreachable, … */
export async function readKubernetes(ask: AskKubernetes): Promise<KubernetesPicture> {
  const grants: (Grant | undefined)[] = [];
  for (const object of TUNNEL_RBAC)
    grants.push(
      (await ask("get", describeObject(object), (api) => api.readRbac(nameOf(object)).catch(ignoreMissing))) as
        | Grant
        | undefined,
    );
  const lease = await ask("get", LEASE, (api) => api.send({ method: "GET", path: LEASE_PATH }).catch(ignoreMissing));
  const [network, gateways] = [await readMap(ask, NETWORK_MAP), await readMap(ask, GATEWAY_MAP)];
  return { network, gateways, grants, hasLease: lease !== undefined };
}

/** The objects that are missing, or that grant something else. */
export function differingObjects({ grants }: Pick<KubernetesPicture, "grants">): readonly RbacObject[] {
  return TUNNEL_RBAC.filter((object, index) => !isSameGrant(grants[index], object));
}

/** RBAC first: the gateway reads the ConfigMaps by it. */
export function planKubernetes(
  context: MapContext,
  picture: KubernetesPicture,
  entry: NetworkEntry,
): readonly Change[] {
  const objects = TUNNEL_RBAC.flatMap((object, index) =>
    isSameGrant(picture.grants[index], object) ? [] : [planObject(context.ask, object, picture.grants[index])],
  );
  const network = planMapEdit(context, NETWORK_MAP, {
    seen: picture.network,
    edit: (data) => {
      const { network: present } = readNetworkMap(data);
      // When keys were to change is another command's, and stays.
      const wanted = { ...entry, ...optional({ gatewayKeysSince: present?.gatewayKeysSince }) };
      return isDeepStrictEqual(present, wanted) ? undefined : renderNetworkEntry(wanted);
    },
  });
  // Gateways may change it, but not create it: RBAC cannot limit the creation of objects to a name.
  const gateways = picture.gateways === undefined ? planEmptyMap(context) : undefined;
  return [...objects, network, gateways].filter((change) => change !== undefined);
}

/** In a message's words. */
export function describeObject({ kind, metadata: { name, namespace } }: RbacObject): string {
  return `${kind.toLowerCase()} ${name}${namespace === undefined ? "" : ` in namespace ${namespace}`}`;
}

/** Where the API server has it. */
export function nameOf(object: RbacObject): RbacName {
  const { name, namespace } = object.metadata;
  return { plural: rbacPath(object).split("/").at(-1) ?? "", name, namespace };
}

function planObject(ask: AskKubernetes, object: RbacObject, present: Grant | undefined): Change {
  const target = describeObject(object);
  const verb = present === undefined ? "create" : "update";
  return {
    target,
    action: verb,
    diff: diffOf(target, present === undefined ? undefined : pretty(grantOf(present)), pretty(grantOf(object))),
    apply: async () => {
      await ask(verb, target, (api) =>
        present === undefined ? api.createRbac(nameOf(object), object) : api.replaceRbac(nameOf(object), object),
      );
    },
  };
}

function planEmptyMap({ ask }: MapContext): Change {
  const target = GATEWAY_MAP.name;
  return {
    target,
    action: "create",
    diff: diffOf(target, undefined, "{}   # gateways write themselves in\n"),
    apply: () => ask("create", target, (api) => api.createConfigMap(GATEWAY_MAP, {})),
  };
}

/** The API server stores what was sent, and adds metadata of its own. */
function isSameGrant(present: Grant | undefined, wanted: RbacObject): boolean {
  return present !== undefined && isDeepStrictEqual(toPlain(grantOf(present)), toPlain(grantOf(wanted)));
}

function grantOf({ rules, subjects, roleRef }: Grant): object {
  return { rules, subjects, roleRef };
}

function toPlain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
