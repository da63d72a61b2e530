// Plans the copy of kube-proxy: made where there is none, and replaced where the original has moved on.
import { SatelliteError } from "../../errors.ts";
import type { AdminKubernetes } from "../../host/kubernetes-admin.ts";
import { IDENTITY_LABEL } from "../../plan/node-identity.ts";
import { type ChangePlan, diffOf, pretty } from "../change.ts";
import type { ClusterAccess } from "../cluster-access.ts";
import { ignoreMissing } from "../kubernetes-call.ts";
import { COPY, cloneDaemonSet, type DaemonSet, daemonSetSchema, ORIGINAL } from "./clone.ts";

const NOTES = [
  `a Node that joined before eks-satellite knew this lacks the label: kubectl label node NAME ${IDENTITY_LABEL}=fargate`,
];

/** @throws kube-proxy-missing, kube-proxy-foreign, and what the API server refuses */
export async function planKubeProxy({
  name,
  askKubernetes,
}: Pick<ClusterAccess, "name" | "askKubernetes">): Promise<ChangePlan> {
  const call = <T>(verb: string, of: string, made: (api: AdminKubernetes) => Promise<T>) =>
    askKubernetes(verb, `daemonset ${of} in namespace kube-system`, made);
  const read = async (of: string) => {
    const found = await call("get", of, (api) => api.readDaemonSet(of).catch(ignoreMissing));
    return found === undefined ? undefined : parse(of, found);
  };
  const [original, copy] = [await read(ORIGINAL), await read(COPY)];
  if (original === undefined)
    throw new SatelliteError(
      "kube-proxy-missing",
      `cluster ${name} has no DaemonSet kube-proxy in kube-system to copy`,
      {
        hint: `aws eks create-addon --cluster-name ${name} --addon-name kube-proxy. A cluster whose CNI plugin does its work needs none.`,
      },
    );
  const wanted = cloneDaemonSet(original);
  const present = copy === undefined ? undefined : cloneDaemonSet(copy);
  const diff = diffOf(`daemonset ${COPY}`, present && pretty(present), pretty(wanted));
  if (present !== undefined && pretty(present) === pretty(wanted)) return { changes: [], notes: NOTES };
  const version = copy?.metadata.resourceVersion;
  const replacement = { ...wanted, metadata: { ...wanted.metadata, resourceVersion: version } };
  const change = {
    target: `daemonset ${COPY} in kube-system`,
    action: copy === undefined ? ("create" as const) : ("update" as const),
    diff,
    apply: () =>
      copy === undefined
        ? call("create", COPY, (api) => api.createDaemonSet(wanted))
        : call("update", COPY, (api) => api.replaceDaemonSet(COPY, replacement)),
  };
  return { changes: [change], notes: NOTES };
}

function parse(name: string, found: unknown): DaemonSet {
  const parsed = daemonSetSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new SatelliteError(
    "kube-proxy-foreign",
    `daemonset ${name} is not as Kubernetes makes them: ${parsed.error.issues[0]?.message}`,
    {
      hint: `kubectl -n kube-system get daemonset ${name} -o yaml`,
    },
  );
}
