// Removes what the cluster holds for gateways and satellites: bindings before roles, then the ConfigMaps.
import { LEASE_PATH } from "../../../tunnel/names.ts";
import { TUNNEL_RBAC } from "../../../tunnel/rbac.ts";
import { type Change, pretty } from "../../change.ts";
import { type AskKubernetes, ignoreMissing } from "../../kubernetes-call.ts";
import { describeMap, GATEWAY_MAP, NETWORK_MAP } from "../network-map.ts";
import { describeObject, type KubernetesPicture, LEASE, nameOf } from "./kubernetes.ts";
import { removal } from "./remove-pieces.ts";

/** What is there of it. */
export function removeKubernetes(
  ask: AskKubernetes,
  { grants, network, gateways, hasLease }: KubernetesPicture,
): readonly Change[] {
  const objects = TUNNEL_RBAC.flatMap((object, index) => {
    const { rules, subjects } = grants[index] ?? {};
    const what = describeObject(object);
    const apply = () => ask("delete", what, (api) => api.deleteRbac(nameOf(object)).catch(ignoreMissing));
    return grants[index] === undefined ? [] : [removal(what, pretty({ rules, subjects }), apply)];
  });
  const maps = [
    { map: NETWORK_MAP, present: network },
    { map: GATEWAY_MAP, present: gateways },
  ].flatMap(({ map, present }) => {
    const apply = () => ask("delete", describeMap(map), (api) => api.deleteConfigMap(map).catch(ignoreMissing));
    return present === undefined ? [] : [removal(describeMap(map), pretty(present.data ?? {}), apply)];
  });
  const apply = async () => {
    await ask("delete", LEASE, (api) => api.send({ method: "DELETE", path: LEASE_PATH }).catch(ignoreMissing));
  };
  const lease = hasLease ? [removal(LEASE, "{}   # gateways make it\n", apply)] : [];
  return [...objects.toReversed(), ...maps, ...lease];
}
