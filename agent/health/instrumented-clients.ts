// The clients of AWS and of the API server, with every call counted.

import type { CallMetrics } from "../board/call-metrics.ts";
import type { Aws } from "../host/aws.ts";
import type { Host, HttpRequest } from "../host/host.ts";

/** AWS, with calls counted under AWS's own names of them. */
export function instrumentAws(aws: Aws, callMetrics: CallMetrics): Aws {
  return {
    assumeRole: (keys, request) => callMetrics.measure("AssumeRole", () => aws.assumeRole(keys, request)),
    getSessionToken: (keys, seconds) =>
      callMetrics.measure("GetSessionToken", () => aws.getSessionToken(keys, seconds)),
    getCallerIdentity: (keys) => callMetrics.measure("GetCallerIdentity", () => aws.getCallerIdentity(keys)),
    describeCluster: (keys, name) => callMetrics.measure("DescribeCluster", () => aws.describeCluster(keys, name)),
  };
}

/** The requests of a host, counted by method and resource; the outcome is the HTTP status. */
export function instrumentRequests(host: Host, callMetrics: CallMetrics): Pick<Host, "fetch" | "follow"> {
  return {
    fetch: (request) =>
      callMetrics.measure(
        nameOf(request),
        () => host.fetch(request),
        ({ status }) => String(status),
      ),
    follow: (request) => host.follow(request),
  };
}

/** `GET nodes` of https://…/api/v1/nodes?…: names of objects would make as many series. */
function nameOf({ method = "GET", url }: HttpRequest): string {
  const { pathname } = new URL(url);
  const resource = /\/(nodes|certificatesigningrequests|events)\b/.exec(pathname)?.[1] ?? "other";
  return `${method} ${resource}`;
}
