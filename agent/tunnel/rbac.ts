// What the cluster grants for the tunnel: nodes read both ConfigMaps, gateways read Nodes, write their own ConfigMap, and hold one Lease. No party writes addresses.
import { GATEWAY_GROUP, GATEWAY_LEASE, GATEWAYS_CONFIG_MAP, NETWORK_CONFIG_MAP, TUNNEL_NAMESPACE } from "./names.ts";

/** Every kubelet is in it; the Node authorizer has no opinion on ConfigMaps that no pod of the node uses, and RBAC decides. */
const NODES_GROUP = "system:nodes";
const API_GROUP = "rbac.authorization.k8s.io";
/** The namespace of the Service `kubernetes`, whose EndpointSlice has the API server's addresses. */
const API_SERVICE_NAMESPACE = "default";

const READER = "eks-satellite-tunnel-reader";
const GATEWAY = "eks-satellite-gateway";

const READ = ["get", "list", "watch"] as const;

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

type Kind = "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding";

/** An object of rbac.authorization.k8s.io/v1. */
export interface RbacObject {
  readonly apiVersion: "rbac.authorization.k8s.io/v1";
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly PolicyRule[];
  readonly subjects?: readonly { readonly kind: "Group"; readonly name: string; readonly apiGroup: string }[];
  readonly roleRef?: { readonly kind: Kind; readonly name: string; readonly apiGroup: string };
}

/** `list` and `watch` of one object by name: the request says `fieldSelector=metadata.name=NAME`. */
const bothConfigMaps: PolicyRule = {
  apiGroups: [""],
  resources: ["configmaps"],
  resourceNames: [NETWORK_CONFIG_MAP, GATEWAYS_CONFIG_MAP],
  verbs: READ,
};
const nodes: PolicyRule = { apiGroups: [""], resources: ["nodes"], verbs: READ };
const ownConfigMap: PolicyRule = {
  apiGroups: [""],
  resources: ["configmaps"],
  resourceNames: [GATEWAYS_CONFIG_MAP],
  verbs: ["update", "patch"],
};
/** A PUT at its name makes a Lease that is missing, so that also its making is limited to the name (leases allow create on update). */
const lease: PolicyRule = {
  apiGroups: ["coordination.k8s.io"],
  resources: ["leases"],
  resourceNames: [GATEWAY_LEASE],
  verbs: ["list", "create", "update"],
};
const endpointSlices: PolicyRule = { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ };

/** In the order in which they are to be applied; a binding comes after its role. */
export const TUNNEL_RBAC: readonly RbacObject[] = [
  ...inNamespace(READER, TUNNEL_NAMESPACE, NODES_GROUP, [bothConfigMaps]),
  clusterRole(GATEWAY, [nodes]),
  binding("ClusterRole", GATEWAY, GATEWAY_GROUP),
  // The slices of kube-dns are in the same namespace: satellites may ask the cluster's DNS.
  ...inNamespace(GATEWAY, TUNNEL_NAMESPACE, GATEWAY_GROUP, [bothConfigMaps, ownConfigMap, lease, endpointSlices]),
  ...inNamespace(GATEWAY, API_SERVICE_NAMESPACE, GATEWAY_GROUP, [endpointSlices]),
];

const PLURALS: Readonly<Record<Kind, string>> = {
  Role: "roles",
  RoleBinding: "rolebindings",
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
};

/** Where objects of this kind are at the API server; the object itself is at `/NAME` below it. */
export function rbacPath({ kind, metadata: { namespace } }: RbacObject): string {
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `/apis/${API_GROUP}/v1${scope}/${PLURALS[kind]}`;
}

function inNamespace(
  name: string,
  namespace: string,
  group: string,
  rules: readonly PolicyRule[],
): readonly RbacObject[] {
  return [{ ...object("Role", name, namespace), rules }, binding("Role", name, group, namespace)];
}

function clusterRole(name: string, rules: readonly PolicyRule[]): RbacObject {
  return { ...object("ClusterRole", name), rules };
}

function binding(role: "Role" | "ClusterRole", name: string, group: string, namespace?: string): RbacObject {
  return {
    ...object(`${role}Binding`, name, namespace),
    subjects: [{ kind: "Group", name: group, apiGroup: API_GROUP }],
    roleRef: { kind: role, name, apiGroup: API_GROUP },
  };
}

function object(kind: Kind, name: string, namespace?: string): RbacObject {
  return {
    apiVersion: `${API_GROUP}/v1`,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { "app.kubernetes.io/managed-by": "eks-satellite" },
    },
  };
}
