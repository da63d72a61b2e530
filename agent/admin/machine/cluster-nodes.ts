// The Nodes of a cluster, as an administrator reads them to compare them with machines.

import { SatelliteError } from "../../errors.ts";
import { COMPUTE_TYPE } from "../../plan/node-identity.ts";
import type { ClusterAccess } from "../cluster-access.ts";
import type { ClusterNode, ClusterNodes } from "./compare.ts";

interface Node {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
    readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
  };
}

interface NodeList {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly Node[] | null;
}

const PAGE_SIZE = 200;
/** 5000 Nodes are what Kubernetes supports. */
const MAX_PAGES = 25;
const OWN_KEY = /^eks-satellite\.io\//;

/** Reads all of them, a page at a time. @throws api-forbidden, api-unreachable, … */
export async function readClusterNodes({
  arn,
  askKubernetes,
}: Pick<ClusterAccess, "arn" | "askKubernetes">): Promise<ClusterNodes> {
  const nodes: ClusterNode[] = [];
  let next: string | undefined = "";
  for (let page = 0; next !== undefined; page += 1) {
    if (page === MAX_PAGES)
      throw new SatelliteError("nodes-too-many", `the cluster has more than ${MAX_PAGES * PAGE_SIZE} Nodes`, {
        hint: "Leave out --cluster, and compare with kubectl get nodes.",
      });
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(next === "" ? {} : { continue: next }) });
    const path = `/api/v1/nodes?${query}`;
    const list = JSON.parse(
      await askKubernetes("list", "nodes", (api) => api.send({ method: "GET", path })),
    ) as NodeList;
    nodes.push(...(list.items ?? []).map(toNode));
    next = list.metadata?.continue || undefined;
  }
  return { arn, nodes };
}

function toNode({ metadata = {}, spec, status }: Node): ClusterNode {
  const { name = "", labels = {}, annotations = {} } = metadata;
  const isOwn = Object.keys({ ...labels, ...annotations }).some((key) => OWN_KEY.test(key));
  return {
    name,
    isReady: status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false,
    isCordoned: spec?.unschedulable ?? false,
    isSatellite: isOwn || labels[COMPUTE_TYPE] === "hybrid",
    internalAddress: status?.addresses?.find(({ type }) => type === "InternalIP")?.address,
  };
}
