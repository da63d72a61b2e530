// The figures of docs/explanation/scale.md, from what `scripts/bench fleet` printed.

interface Line {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly target: number | null;
  readonly met: boolean | null;
  readonly samples?: Readonly<Record<string, number>>;
}

/** Keys of an hour are renewed at 57 to 67 % of their life: too rarely for the five minutes that the bench counts. */
const RENEWALS_PER_HOUR = 1 / (2 / 3 - 0.1 / 2);
/** Rate of CreateSession requests, https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html */
const CREATE_SESSIONS_PER_SECOND = 10;
/** kubelet renews its Lease each 10 s (nodeLeaseDurationSeconds 40, of which a quarter). */
const LEASES_PER_HOUR = 360;
/** Nodes of a cluster, https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
const KUBERNETES_NODES = 5000;
/** A size from which EKS asks for planning, https://docs.aws.amazon.com/eks/latest/best-practices/scalability.html */
const EKS_PLANNED_NODES = 300;

/** Renders the tables between the page's markers. @param record lines of JSON, as the bench prints them */
export function renderScale(record: string): Readonly<Record<"requests" | "outages" | "fleet", string>> {
  const lines = record
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
  const find = (metric: string) => {
    const line = lines.find((each) => each.metric === metric);
    if (line === undefined) throw new Error(`the record has no ${metric}`);
    return line;
  };
  return { requests: renderRequests(find), outages: renderOutages(lines), fleet: renderFleet(find) };
}

function renderRequests(find: (metric: string) => Line): string {
  const rows = (["api", "aws"] as const).flatMap((server) => {
    const { countedByServer: _, ...kinds } = find(`fleet_${server}_per_node_hour`).samples ?? {};
    const name = server === "api" ? "API server" : "AWS";
    return Object.entries(kinds)
      .filter(([kind]) => kind !== "AssumeRole")
      .map(([kind, rate]) => `| ${name} | ${kind} | ${round(rate)} |`);
  });
  const renewals = `| AWS | AssumeRole or CreateSession, computed | ${round(RENEWALS_PER_HOUR)} |`;
  return ["| server | request | a node and hour |", "|---|---|---|", ...rows, renewals].join("\n");
}

function renderOutages(lines: readonly Line[]): string {
  const rows = lines
    .filter(({ metric }) => !metric.includes("per_node_hour"))
    .map(({ metric, value, unit, target, met, samples = {} }) => {
      const more = Object.entries(samples).map(([name, sample]) => `${name} ${round(sample)}`);
      return `| \`${metric}\` | ${round(value)} ${unit} | ${target ?? ""} | ${met === false ? "no" : met === null ? "" : "yes"} | ${more.join(", ")} |`;
    });
  return ["| figure | value | target | met | |", "|---|---|---|---|---|", ...rows].join("\n");
}

function renderFleet(find: (metric: string) => Line): string {
  const api = find("fleet_api_per_node_hour").value;
  const kinds = find("fleet_aws_per_node_hour").samples ?? {};
  const describes = kinds.DescribeCluster ?? 0;
  const peak = find("fleet_aws_outage_peak").value;
  const perSecond = (rate: number, nodes: number) => round((rate * nodes) / 3600);
  return [
    "| limit | of | nodes that it allows, or what they ask for |",
    "|---|---|---|",
    `| CreateSession, ${CREATE_SESSIONS_PER_SECOND} a second | IAM Roles Anywhere | ${whole((CREATE_SESSIONS_PER_SECOND * 3600) / RENEWALS_PER_HOUR)} while all is well; ${whole(CREATE_SESSIONS_PER_SECOND / peak)} come back in the busiest second of an outage without a refusal, and more take ${round(3600 / CREATE_SESSIONS_PER_SECOND / 60)} minutes for each 3,600 |`,
    `| AssumeRole, each request a second | STS | ${whole(3600 / RENEWALS_PER_HOUR)} while all is well, ${whole(1 / peak)} in the busiest second of an outage |`,
    `| DescribeCluster, each request a second | EKS | ${whole(3600 / describes)} while all is well |`,
    `| ${KUBERNETES_NODES.toLocaleString("en-US")} nodes of a cluster | Kubernetes | ${perSecond(api, KUBERNETES_NODES)} requests a second of all daemons, beside ${perSecond(LEASES_PER_HOUR, KUBERNETES_NODES)} of kubelets for their Leases alone |`,
    `| ${EKS_PLANNED_NODES} nodes, from where on EKS asks for planning | EKS | ${perSecond(api, EKS_PLANNED_NODES)} requests a second of all daemons, beside ${perSecond(LEASES_PER_HOUR, EKS_PLANNED_NODES)} |`,
  ].join("\n");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function whole(value: number): string {
  return Math.floor(value).toLocaleString("en-US");
}
