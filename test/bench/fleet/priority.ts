// The API server's Priority and Fairness, as far as nodes are concerned: what it has let through, and a level that lets nothing through.
import type { Sandbox } from "../../sandbox/sandbox.ts";

const NAME = "refuse-nodes";
const LEVEL = "flowcontrol.apiserver.k8s.io/v1";

/** A level without a seat refuses at once; nothing of Kubernetes' own goes before it. */
const REFUSAL = [
  {
    apiVersion: LEVEL,
    kind: "PriorityLevelConfiguration",
    metadata: { name: NAME },
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 0,
        lendablePercent: 0,
        borrowingLimitPercent: 0,
        limitResponse: { type: "Reject" },
      },
    },
  },
  {
    apiVersion: LEVEL,
    kind: "FlowSchema",
    metadata: { name: NAME },
    spec: {
      matchingPrecedence: 2,
      priorityLevelConfiguration: { name: NAME },
      rules: [
        {
          subjects: [{ kind: "Group", group: { name: "system:nodes" } }],
          resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true }],
        },
      ],
    },
  },
];

/** From now on each request of a node is answered 429. */
export async function refuseNodes(sandbox: Sandbox): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: REFUSAL };
  await sandbox.kubectl(["apply", "--filename=-"], JSON.stringify(list));
}

/** Ends that. */
export async function takeNodes(sandbox: Sandbox): Promise<void> {
  await sandbox.kubectl(["delete", "flowschema", NAME]);
  await sandbox.kubectl(["delete", "prioritylevelconfiguration", NAME]);
}

/** How many requests of nodes were let through since the API server's start: only nodes come by these schemas. */
export async function readNodeRequests(sandbox: Sandbox): Promise<number> {
  const metrics = await sandbox.kubectl(["get", "--raw=/metrics"]);
  const counted = metrics.matchAll(
    /^apiserver_flowcontrol_dispatched_requests_total\{flow_schema="system-node(?:s|-high)",[^}]{0,200}\} (\S+)$/gm,
  );
  return [...counted].reduce((sum, [, value]) => sum + Number(value), 0);
}
