// What an administrator sees of an API server, in memory: ConfigMaps with versions, RBAC objects, Nodes and what their kubelets answer.
import type { AdminKubernetes, AdminNode, ConfigMapName, RbacName } from "../../agent/host/kubernetes-admin.ts";
import type { RawRequest } from "../../agent/host/kubernetes-client/client.ts";

interface StoredMap {
  version: number;
  data: Record<string, string>;
}

/** As Kubernetes' client throws it. */
export function apiError(code: number, message: string): Error {
  const body = JSON.stringify({ kind: "Status", status: "Failure", message, code });
  return Object.assign(new Error("Unknown API Status Code!"), { code, body });
}

export class MemoryKubernetes implements AdminKubernetes {
  readonly server = "https://abc";
  readonly maps = new Map<string, StoredMap>();
  readonly rbac = new Map<string, object>();
  /** Those in kube-system. */
  readonly daemonSets = new Map<string, object>();
  readonly nodes = new Map<string, AdminNode>();
  /** By Node: what kubelet answers, or the error of asking. */
  readonly health = new Map<string, string | Error>();
  /** Verbs that are denied. */
  readonly denied = new Set<string>();
  /** Raw requests, in order. */
  readonly sent: string[] = [];
  /** How they are answered. */
  answer: (method: string, path: string, document: object | undefined) => string = (_, path) => {
    throw apiError(404, `${path} not found`);
  };
  /** Another client, a moment before a patch. */
  beforePatch: (() => void) | undefined;

  data(name: string): Record<string, string> | undefined {
    return this.maps.get(`kube-system/${name}`)?.data;
  }

  /** Another client's edit. */
  edit(name: string, change: Record<string, string>): void {
    const key = `kube-system/${name}`;
    const { version, data } = this.maps.get(key) ?? { version: 0, data: {} };
    this.maps.set(key, { version: version + 1, data: { ...data, ...change } });
  }

  /** Objects at their paths, and lists of those that a field selector finds. */
  async send({ method, path, content }: RawRequest): Promise<string> {
    this.#check({ GET: "get", POST: "create", PATCH: "patch", DELETE: "delete" }[method]);
    this.sent.push(`${method} ${path}`);
    return this.answer(method, path, content?.document);
  }

  async readConfigMap(of: ConfigMapName) {
    this.#check("get");
    const { version, data } = found(this.maps.get(keyOf(of)), of.name);
    return { metadata: { resourceVersion: String(version) }, data };
  }

  async createConfigMap(of: ConfigMapName, data: Readonly<Record<string, string>>) {
    this.#check("create");
    if (this.maps.has(keyOf(of))) throw apiError(409, `configmaps "${of.name}" already exists`);
    this.maps.set(keyOf(of), { version: 1, data: { ...data } });
  }

  async patchConfigMap(of: ConfigMapName, version: string, change: Readonly<Record<string, string | null>>) {
    this.#check("patch");
    this.beforePatch?.();
    const map = found(this.maps.get(keyOf(of)), of.name);
    if (version !== String(map.version)) throw apiError(409, "the object has been modified");
    map.version += 1;
    for (const [key, value] of Object.entries(change))
      if (value === null) delete map.data[key];
      else map.data[key] = value;
  }

  async deleteConfigMap(of: ConfigMapName) {
    this.#check("delete");
    found(this.maps.get(keyOf(of)), of.name);
    this.maps.delete(keyOf(of));
  }

  async readRbac(of: RbacName) {
    this.#check("get");
    return structuredClone(found(this.rbac.get(rbacKey(of)), of.name));
  }

  async createRbac(of: RbacName, object: object) {
    this.#check("create");
    this.rbac.set(rbacKey(of), structuredClone(object));
  }

  async replaceRbac(of: RbacName, object: object) {
    this.#check("update");
    this.rbac.set(rbacKey(of), structuredClone(object));
  }

  async deleteRbac(of: RbacName) {
    this.#check("delete");
    found(this.rbac.get(rbacKey(of)), of.name);
    this.rbac.delete(rbacKey(of));
  }

  async readDaemonSet(name: string) {
    this.#check("get");
    return structuredClone(found(this.daemonSets.get(name), name));
  }

  async createDaemonSet(object: object) {
    this.#check("create");
    this.daemonSets.set((object as { metadata: { name: string } }).metadata.name, structuredClone(object));
  }

  async replaceDaemonSet(name: string, object: object) {
    this.#check("update");
    found(this.daemonSets.get(name), name);
    this.daemonSets.set(name, structuredClone(object));
  }

  async readNode(name: string) {
    return found(this.nodes.get(name), name);
  }

  async readNodeHealth(name: string) {
    const answer = found(this.health.get(name), name);
    if (typeof answer !== "string") throw answer;
    return answer;
  }

  #check(verb: string): void {
    if (this.denied.has(verb)) throw apiError(403, `User "joe" cannot ${verb} resource`);
  }
}

function keyOf({ namespace, name }: ConfigMapName): string {
  return `${namespace}/${name}`;
}

function rbacKey({ plural, namespace = "", name }: RbacName): string {
  return `${plural}/${namespace}/${name}`;
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw apiError(404, `"${name}" not found`);
  return value;
}
