// The API server, as far as it holds aws-auth.
import type { HttpRequest, HttpResponse } from "../../agent/host/host.ts";

export class MemoryAwsAuth {
  data: Record<string, string> | undefined;
  version = 1;
  /** Requests that changed something, or tried to. */
  readonly writes: HttpRequest[] = [];
  /** Verbs that nobody may do. */
  readonly denied = new Set<string>();
  isKnown = true;
  /** Somebody else, a moment before each of our writes. */
  beforeWrite: (() => void) | undefined;

  constructor(mapRoles: string) {
    this.data = { mapRoles };
  }

  /** Somebody else's edit. */
  edit(change: Record<string, string>): void {
    this.data = { ...this.data, ...change };
    this.version += 1;
  }

  readonly answer = ({ method = "GET", url, body = "", headers = {} }: HttpRequest): HttpResponse => {
    const verb = { GET: "get", POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }[method];
    if (!this.isKnown || !headers.authorization?.startsWith("Bearer k8s-aws-v1.")) return status(401, "Unauthorized");
    if (this.denied.has(verb))
      return status(
        403,
        `configmaps "aws-auth" is forbidden: User "joe" cannot ${verb} resource "configmaps" in API group "" in the namespace "kube-system"`,
      );
    if (!url.includes("/api/v1/namespaces/kube-system/configmaps")) return status(404, "not found");
    if (method === "GET") return this.data === undefined ? status(404, "not found") : this.#show();
    this.writes.push({ method, url, body, headers, timeoutSeconds: 1 });
    this.beforeWrite?.();
    const sent = JSON.parse(body) as { metadata: { resourceVersion?: string }; data: Record<string, string> };
    if (method === "POST" && this.data !== undefined) return status(409, 'configmaps "aws-auth" already exists');
    if (method === "PATCH" && sent.metadata.resourceVersion !== String(this.version))
      return status(409, "the object has been modified; please apply your changes to the latest version");
    this.edit(sent.data);
    return this.#show();
  };

  #show(): HttpResponse {
    const metadata = { name: "aws-auth", namespace: "kube-system", resourceVersion: String(this.version), uid: "u" };
    return { status: 200, body: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: this.data }) };
  }
}

function status(code: number, message: string): HttpResponse {
  return { status: code, body: JSON.stringify({ kind: "Status", status: "Failure", message, code }) };
}
