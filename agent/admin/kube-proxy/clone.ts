// The copy of EKS's DaemonSet kube-proxy: its pods as they are, on other nodes.
import * as z from "zod";
import { COMPUTE_TYPE, IDENTITY_LABEL } from "../../plan/node-identity.ts";

export const ORIGINAL = "kube-proxy";
export const COPY = "eks-satellite-kube-proxy";

const expression = z.looseObject({ key: z.string() });
const term = z.looseObject({ matchExpressions: z.array(expression).optional() });
const required = z.looseObject({ nodeSelectorTerms: z.array(term) });
const nodeAffinity = z.looseObject({ requiredDuringSchedulingIgnoredDuringExecution: required.optional() });
const podSpec = z.looseObject({
  containers: z.array(z.looseObject({ name: z.string(), image: z.string().optional() })).min(1),
  affinity: z.looseObject({ nodeAffinity: nodeAffinity.optional() }).optional(),
  nodeSelector: z.record(z.string(), z.string()).optional(),
});

/** As much of a DaemonSet as the copy needs to know; the rest is carried along. */
export const daemonSetSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().optional() }),
  spec: z.looseObject({
    updateStrategy: z.unknown().optional(),
    template: z.looseObject({ spec: podSpec }),
  }),
});

export type DaemonSet = z.infer<typeof daemonSetSchema>;

/** The copy of an original, without what the API server adds. Labels differ, so that no selector finds pods of both. */
export function cloneDaemonSet({ spec }: DaemonSet) {
  const labels = { "k8s-app": COPY };
  const { affinity, nodeSelector = {}, ...pod } = spec.template.spec;
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name: COPY,
      namespace: "kube-system",
      labels: { ...labels, "app.kubernetes.io/managed-by": "eks-satellite" },
    },
    spec: {
      selector: { matchLabels: labels },
      ...(spec.updateStrategy === undefined ? {} : { updateStrategy: spec.updateStrategy }),
      template: {
        metadata: { labels },
        spec: {
          ...pod,
          ...(affinity === undefined ? {} : { affinity: withoutComputeType(affinity) }),
          nodeSelector: { ...nodeSelector, [IDENTITY_LABEL]: "fargate" },
        },
      },
    },
  };
}

type Affinity = NonNullable<z.infer<typeof podSpec>["affinity"]>;

/** Only the requirement that keeps it away from fargate goes; architecture and operating system stay. */
function withoutComputeType({ nodeAffinity: node, ...rest }: Affinity): Affinity {
  if (node === undefined) return rest;
  const { requiredDuringSchedulingIgnoredDuringExecution: hard, ...soft } = node;
  const terms = (hard?.nodeSelectorTerms ?? []).map(({ matchExpressions = [], ...others }) => ({
    ...others,
    matchExpressions: matchExpressions.filter(({ key }) => key !== COMPUTE_TYPE),
  }));
  // Any of the terms is enough, and one without a requirement would let every node in; Kubernetes takes it for none.
  const isOpen = terms.some(
    ({ matchExpressions, ...others }) => matchExpressions.length + Object.keys(others).length === 0,
  );
  if (hard === undefined || isOpen) return { ...rest, nodeAffinity: soft };
  const required = { ...hard, nodeSelectorTerms: terms };
  return { ...rest, nodeAffinity: { ...soft, requiredDuringSchedulingIgnoredDuringExecution: required } };
}
