// The Node of a machine, read, drained and deleted with the administrator's rights.
import type { ClusterAccess } from "../../admin/cluster-access.ts";
import { createAdminClient } from "../../admin/machine/kubernetes-client.ts";
import type { NodeAccess, NodeView } from "../../admin/machine/node.ts";
import type { Clock } from "../../host/host.ts";
import { nodePath } from "../../kubernetes/node.ts";
import { drain } from "../../reset/drain.ts";

interface Node {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
    readonly nodeInfo?: { readonly kubeletVersion?: string };
    readonly allocatable?: Readonly<Record<string, string>>;
  };
}

/** Creates it. */
export function createNodeAccess({ askKubernetes }: Pick<ClusterAccess, "askKubernetes">, clock: Clock): NodeAccess {
  const client = createAdminClient(askKubernetes);
  return {
    async read(name) {
      const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
      const { items } = await client.get<{ readonly items: readonly Node[] | null }>(`/api/v1/nodes?${query}`);
      const [node] = items ?? [];
      return node === undefined ? undefined : toView(node);
    },
    async drain(name, seconds, signal) {
      const left = await drain({ clock, client, node: name }, seconds, signal);
      return left.map((pod) => `${pod.namespace}/${pod.name}`);
    },
    delete: (name) => client.delete(nodePath(name)),
  };
}

function toView({ status }: Node): NodeView {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return {
    isReady: ready?.status === "True",
    reason: ready?.reason ?? "kubelet has not reported yet",
    version: status?.nodeInfo?.kubeletVersion ?? "",
    gpus: status?.allocatable?.["nvidia.com/gpu"],
  };
}
