// How kubelet reaches the API server and who it says it is.
import { stringify } from "yaml";
import type { ClusterFacts } from "../aws/cluster.ts";
import { PATHS } from "../config/paths.ts";

/** Renders kubelet's kubeconfig. kubelet reads `tokenFile` again each minute, so a fresh token needs no restart. */
export function renderKubeconfig(cluster: ClusterFacts, tokenFile: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster.name, cluster: { "certificate-authority": PATHS.clusterCa, server: cluster.endpoint } }],
    users: [{ name: "kubelet", user: { tokenFile } }],
    contexts: [{ name: "kubelet", context: { cluster: cluster.name, user: "kubelet" } }],
    "current-context": "kubelet",
  });
}
