import assert from "node:assert/strict";
import { test } from "node:test";
import { rbacPath, TUNNEL_RBAC } from "../../agent/tunnel/rbac.ts";

const CONFIG_MAPS = ["eks-satellite-network", "eks-satellite-gateways"];

test("each binding comes after its role, and names it", () => {
  const seen = new Set<string>();
  for (const { kind, metadata, roleRef } of TUNNEL_RBAC) {
    const place = metadata.namespace ?? "";
    if (roleRef !== undefined) assert.ok(seen.has(`${place} ${roleRef.kind} ${roleRef.name}`), metadata.name);
    seen.add(`${place} ${kind} ${metadata.name}`);
  }
  assert.equal(TUNNEL_RBAC.filter(({ roleRef }) => roleRef !== undefined).length, TUNNEL_RBAC.length / 2);
});

test("nodes read two ConfigMaps by name, and no group writes the one with addresses", () => {
  const rulesOf = (group: string) =>
    TUNNEL_RBAC.filter(({ subjects }) => subjects?.[0]?.name === group).flatMap(
      ({ roleRef, metadata }) =>
        TUNNEL_RBAC.find(
          ({ kind, metadata: { name, namespace } }) =>
            kind === roleRef?.kind && name === roleRef.name && namespace === metadata.namespace,
        )?.rules ?? [],
    );
  assert.deepEqual(rulesOf("system:nodes"), [
    { apiGroups: [""], resources: ["configmaps"], resourceNames: CONFIG_MAPS, verbs: ["get", "list", "watch"] },
  ]);
  const writing = rulesOf("eks-satellite:gateways").filter(({ verbs }) =>
    verbs.some((verb) => !["get", "list", "watch"].includes(verb)),
  );
  assert.deepEqual(writing, [
    {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["eks-satellite-gateways"],
      verbs: ["update", "patch"],
    },
    {
      apiGroups: ["coordination.k8s.io"],
      resources: ["leases"],
      resourceNames: ["eks-satellite-gateway"],
      verbs: ["list", "create", "update"],
    },
  ]);
});

test("the path of each kind is that of the API server", () => {
  assert.deepEqual(
    [...new Set(TUNNEL_RBAC.map(rbacPath))],
    [
      "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles",
      "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
    ],
  );
});
