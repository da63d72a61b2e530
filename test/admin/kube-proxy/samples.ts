// EKS's DaemonSet kube-proxy as an API server shows it, with what that adds.

/** @param image of the container */
export function eksKubeProxy(
  image = "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/kube-proxy:v1.34.0-minimal-eksbuild.2",
) {
  const labels = { "k8s-app": "kube-proxy" };
  const expressions = [
    { key: "kubernetes.io/os", operator: "In", values: ["linux"] },
    { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate", "auto"] },
  ];
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      ...{ name: "kube-proxy", namespace: "kube-system", uid: "7f7c", resourceVersion: "512", generation: 3 },
      annotations: { "deprecated.daemonset.template.generation": "3" },
      labels: { ...labels, "eks.amazonaws.com/component": "kube-proxy" },
      managedFields: [{ manager: "eks" }],
    },
    spec: {
      revisionHistoryLimit: 10,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { restartedAt: "then" } },
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: expressions }],
              },
            },
          },
          containers: [
            { name: "kube-proxy", image, command: ["kube-proxy", "--v=2"], securityContext: { privileged: true } },
          ],
          hostNetwork: true,
          serviceAccountName: "kube-proxy",
          tolerations: [{ operator: "Exists" }],
        },
      },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } },
    },
    status: { currentNumberScheduled: 4 },
  };
}
