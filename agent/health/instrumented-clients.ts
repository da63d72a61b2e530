// AWS and the API server with every call counted.

import type { CallTally } from "../board/call-metrics.ts";
import type { Aws } from "../host/aws.ts";
import type { Host, HttpRequest } from "../host/host.ts";

/** AWS, with calls counted under AWS's own names of them. */
export function measureAws(aws: Aws, tally: CallTally): Aws {
  return {
    assumeRole: (keys, request) => tally.measure("AssumeRole", () => aws.assumeRole(keys, request)),
    getSessionToken: (keys, seconds) => tally.measure("GetSessionToken", () => aws.getSessionToken(keys, seconds)),
    getCallerIdentity: (keys) => tally.measure("GetCallerIdentity", () => aws.getCallerIdentity(keys)),
    describeCluster: (keys, name) => tally.measure("DescribeCluster", () => aws.describeCluster(keys, name)),
  };
}

/** The requests of a host, counted by method and resource; the outcome is the HTTP status. */
export function measureRequests(host: Host, tally: CallTally): Pick<Host, "fetch" | "follow"> {
  return {
    fetch: (request) =>
      tally.measure(
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
