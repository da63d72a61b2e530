// Which labels a kubelet may give its own Node. kubelet refuses to start with others of Kubernetes' own name spaces, and the
// NodeRestriction admission plugin refuses them from every kubelet (KEP-279).

const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const KUBERNETES_NAMESPACE = /(^|\.)(kubernetes\.io|k8s\.io)\//;
/** kubernetes pkg/kubelet/apis, well_known_labels.go. */
const ALLOWED_NAMESPACE = /(^|\.)(kubelet|node)\.kubernetes\.io\//;
const ALLOWED_KEYS = [
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "kubernetes.io/arch",
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
];

/** Whether a text has the shape of a label's or a taint's key. */
export function isLabelKey(key: string): boolean {
  return LABEL_KEY.test(key);
}

/** Whether kubelet may set a label with this key on its own Node. */
export function isOwnNodeLabel(key: string): boolean {
  return !KUBERNETES_NAMESPACE.test(key) || ALLOWED_NAMESPACE.test(key) || ALLOWED_KEYS.includes(key);
}
