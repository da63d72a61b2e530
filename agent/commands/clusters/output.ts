// What `clusters` prints: tables, a description, and documents for `--output json`.
import type { ClusterView, Unread } from "../../admin/clusters/read-clusters.ts";
import { renderTable } from "../../table.ts";

const HEADING = ["NAME", "REGION", "VERSION", "STATUS", "MODE", "ENDPOINT", "REMOTE NETWORKS", "SATELLITES"];

/** A line for each cluster, and below them what keeps a satellite out, with what to do. */
export function renderClusters(clusters: readonly ClusterView[], unread: readonly Unread[]): string {
  const rows = clusters.map((view) => [
    view.name,
    view.region,
    view.description.version ?? "",
    view.description.status ?? "",
    view.description.authenticationMode ?? "CONFIG_MAP",
    endpointOf(view),
    remoteNetworksOf(view),
    verdictOf(view),
  ]);
  const details = clusters.flatMap(({ name, obstacles }) =>
    obstacles.map(({ kind, problem, remedy }) => `${kind === "out" ? "✗" : "!"} ${name}: ${problem} → ${remedy}\n`),
  );
  return [
    clusters.length === 0 ? "" : renderTable([HEADING, ...rows]),
    details.length === 0 ? "" : `\n${details.join("")}`,
    ...unread.map(renderUnread),
  ].join("");
}

/** Everything of one cluster. */
export function renderCluster(view: ClusterView): string {
  const { name, region, description, obstacles } = view;
  const { arn, version, status, authenticationMode, ipFamily, serviceIpv4Cidr, serviceIpv6Cidr, vpc } = description;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["name", name],
    ["region", region],
    ["arn", arn],
    ["version", version],
    ["status", status],
    ["authentication mode", authenticationMode ?? "CONFIG_MAP"],
    ["endpoint", description.endpoint],
    ["endpoint access", endpointOf(view)],
    ["service network", ipFamily === "ipv6" ? serviceIpv6Cidr : serviceIpv4Cidr],
    ["remote networks", remoteNetworksOf(view)],
    ["vpc", vpc?.id],
    ["subnets", vpc?.subnetIds.join(", ")],
    ["security group", vpc?.securityGroupId],
    ["satellites", verdictOf(view)],
  ];
  const lines = rows.map(([key, value]) => `${key.padEnd(20)} ${value || "-"}\n`);
  return [
    ...lines,
    ...obstacles.map(({ kind, problem, remedy }) => `${kind === "out" ? "✗" : "!"} ${problem} → ${remedy}\n`),
  ].join("");
}

/** For `--output json`. */
export function describeView(view: ClusterView) {
  const { certificateAuthorityData: _, ...description } = view.description;
  return { name: view.name, region: view.region, ...description, obstacles: view.obstacles };
}

function endpointOf({ description: { vpc } }: ClusterView): string {
  if (vpc === undefined) return "";
  if (!vpc.hasPublicEndpoint) return "private";
  const { publicCidrs } = vpc;
  return publicCidrs.length === 0 || publicCidrs.includes("0.0.0.0/0")
    ? "public"
    : `public to ${publicCidrs.join(",")}`;
}

function remoteNetworksOf({ description: { remoteNetworks } }: ClusterView): string {
  return [...(remoteNetworks?.nodes ?? []), ...(remoteNetworks?.pods ?? [])].join(",");
}

function verdictOf({ obstacles }: ClusterView): string {
  if (obstacles.some(({ kind }) => kind === "out")) return "kept out";
  return obstacles.length > 0 ? "yes, with limits" : "yes";
}

function renderUnread({ what, problem, hint }: Unread): string {
  return `! ${what} is not shown: ${problem}${hint === undefined ? "" : ` → ${hint}`}\n`;
}
