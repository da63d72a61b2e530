// An API server in memory, as a gateway sees it: Nodes' metadata, two ConfigMaps, EndpointSlices, and watches that a test feeds.
import type { HttpRequest, HttpResponse, LineStreamRequest } from "../../agent/host/host.ts";

interface Slice {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly protocol: string;
}

export class MemoryClusterApi {
  /** Annotations by node. */
  readonly nodes = new Map<string, Readonly<Record<string, string>>>();
  /** Data by ConfigMap. */
  readonly maps = new Map<string, Record<string, string>>();
  readonly slices = new Map<string, readonly Slice[]>();
  readonly requests: HttpRequest[] = [];
  /** The Lease of gateways, as it was written last. */
  lease: { readonly metadata: object; readonly spec: { readonly holderIdentity: string } } | undefined;
  /** Answers in place of the server, or nothing. */
  failure: (() => HttpResponse) | undefined;
  readonly #watches = new Set<LineStreamRequest & { readonly end: () => void }>();

  readonly answer = (request: HttpRequest): HttpResponse => {
    this.requests.push(request);
    if (this.failure !== undefined) return this.failure();
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "PATCH") return this.#patch(pathname, request.body ?? "");
    const [, name = ""] = /^metadata\.name=(.*)$/.exec(searchParams.get("fieldSelector") ?? "") ?? [];
    if (pathname === "/api/v1/nodes") return this.#listNodes(request, searchParams);
    if (pathname.endsWith("/configmaps")) {
      const data = this.maps.get(name);
      return list(data === undefined ? [] : [{ metadata: { name }, data }]);
    }
    if (pathname.endsWith("/leases")) return list(this.lease === undefined ? [] : [this.lease]);
    if (request.method === "PUT") return this.#putLease(request.body ?? "");
    if (pathname.endsWith("/endpointslices")) return this.#listSlices(searchParams.get("labelSelector") ?? "");
    return { status: 404, body: "{}" };
  };

  /** A watch stays open until its signal, or the test, ends it. */
  readonly follow = async (request: LineStreamRequest): Promise<HttpResponse> => {
    if (this.failure !== undefined) return this.failure();
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = { ...request, end: resolve };
    this.#watches.add(watch);
    request.signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    this.#watches.delete(watch);
    return { status: 200, body: "" };
  };

  /** Open watches of paths that match. */
  watching(pattern: RegExp): number {
    return [...this.#watches].filter(({ url }) => pattern.test(url)).length;
  }

  endWatches(): void {
    for (const { end } of this.#watches) end();
  }

  /** Sets a node's annotations and reports it; undefined deletes the Node. */
  setNode(name: string, annotations: Readonly<Record<string, string>> | undefined): void {
    const type = annotations === undefined ? "DELETED" : this.nodes.has(name) ? "MODIFIED" : "ADDED";
    const metadata = { name, annotations: annotations ?? this.nodes.get(name) };
    if (annotations === undefined) this.nodes.delete(name);
    else this.nodes.set(name, annotations);
    this.#report(/\/nodes\?/, { type, object: { metadata } });
  }

  /** Sets a ConfigMap's data and reports it; undefined deletes it. */
  setMap(name: string, data: Record<string, string> | undefined): void {
    const type = data === undefined ? "DELETED" : this.maps.has(name) ? "MODIFIED" : "ADDED";
    if (data === undefined) this.maps.delete(name);
    else this.maps.set(name, data);
    this.#report(new RegExp(`/configmaps\\?.*${name}`), { type, object: { metadata: { name }, data } });
  }

  #report(pattern: RegExp, event: object): void {
    for (const { url, onLine } of this.#watches) if (pattern.test(url)) onLine(JSON.stringify(event));
  }

  #listNodes({ headers }: HttpRequest, query: URLSearchParams): HttpResponse {
    if (!headers?.accept?.includes("as=PartialObjectMetadataList")) return { status: 406, body: "{}" };
    const from = Number(query.get("continue") ?? 0);
    const limit = Number(query.get("limit"));
    const all = [...this.nodes].map(([name, annotations]) => ({ metadata: { name, annotations } }));
    const next = from + limit < all.length ? String(from + limit) : "";
    return list(all.slice(from, from + limit), next);
  }

  #listSlices(selector: string): HttpResponse {
    const slices = this.slices.get(selector.replace("kubernetes.io/service-name=", "")) ?? [];
    return list(
      slices.map(({ addresses, port, protocol }) => ({
        addressType: "IPv4",
        endpoints: [{ addresses, conditions: { ready: true } }],
        ports: [{ port, protocol }],
      })),
    );
  }

  #putLease(body: string): HttpResponse {
    const { metadata, spec } = JSON.parse(body);
    this.lease = { metadata: { ...metadata, resourceVersion: String(this.requests.length) }, spec };
    return { status: 200, body: JSON.stringify(this.lease) };
  }

  #patch(path: string, body: string): HttpResponse {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const { data } = JSON.parse(body) as { readonly data: Record<string, string> };
    this.maps.set(name, { ...this.maps.get(name), ...data });
    return { status: 200, body: "{}" };
  }
}

/** An empty list may be null, as the API server's list of metadata is. */
function list(found: readonly object[], next = ""): HttpResponse {
  const items = found.length === 0 ? null : found;
  return { status: 200, body: JSON.stringify({ metadata: { resourceVersion: "7", continue: next }, items }) };
}
