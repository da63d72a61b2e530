// An account and a cluster in memory, with an administrator before them: IAM's roles, EKS's access entries, and aws-auth at the API server.
import { parse } from "yaml";
import type { Kubeconfig } from "../../agent/admin/cluster-access.ts";
import { type AuthorizeOptions, authorizeCommand } from "../../agent/commands/authorize.ts";
import { type RevokeOptions, revokeCommand } from "../../agent/commands/revoke.ts";
import type { AccessEntry, AdminAws, Role } from "../../agent/host/admin-aws.ts";
import type { HttpRequest } from "../../agent/host/host.ts";
import type { AdminKubernetes } from "../../agent/host/kubernetes-admin.ts";
import type { KubernetesAccess } from "../../agent/host/kubernetes-client/client.ts";
import { Secret } from "../../agent/secret.ts";
import { awsError, MemoryAws } from "./memory-aws.ts";
import { MemoryAwsAuth } from "./memory-aws-auth.ts";
import { MemoryHost } from "./memory-host.ts";
import { MemoryKubernetes } from "./memory-kubernetes.ts";

export const ACCOUNT = "111122223333";
export const CLUSTER_ARN = `arn:aws:eks:us-west-2:${ACCOUNT}:cluster/demo`;
export const ADMIN_ARN = `arn:aws:sts::${ACCOUNT}:assumed-role/admin/joe`;
export const NODE_ROLE = `arn:aws:iam::${ACCOUNT}:role/nodes`;

/** Everybody else's entry. */
export const ADMIN_ENTRY = `# The team
- rolearn: arn:aws:iam::${ACCOUNT}:role/admin
  username: admin
  groups: [system:masters]
`;

interface StoredRole extends Role {
  readonly policies: Map<string, string>;
}

/** IAM and EKS as an administrator sees them. */
export class MemoryAdminAws implements AdminAws {
  readonly roles = new Map<string, StoredRole>();
  readonly entries = new Map<string, AccessEntry>();
  /** Every call, as IAM names it. */
  readonly calls: string[] = [];
  /** Actions that nobody may do. */
  readonly denied = new Set<string>();
  clusters: readonly string[] = ["demo"];
  /** How often EKS does not know of a new principal yet. */
  unknownPrincipals = 0;

  addRole(name: string, { path = "/", trustPolicy = "{}", tags = {} }: Partial<Role> & { path?: string } = {}): void {
    this.roles.set(name, { arn: `arn:aws:iam::${ACCOUNT}:role${path}${name}`, trustPolicy, tags, policies: new Map() });
  }

  addEntry(principalArn: string, type: string, username = "system:node:{{SessionName}}"): void {
    this.entries.set(principalArn, { principalArn, type, username });
  }

  async readKeys() {
    if (this.denied.has("keys")) throw awsError("CredentialsProviderError", undefined);
    return { accessKeyId: "AKIAADMIN", secretAccessKey: new Secret("admin-secret") };
  }

  async listClusters(): Promise<readonly string[]> {
    this.#note("eks:ListClusters");
    return this.clusters;
  }

  async findAccessEntry(_cluster: string, principalArn: string): Promise<AccessEntry | undefined> {
    this.#note("eks:DescribeAccessEntry");
    return this.entries.get(principalArn);
  }

  async listAccessEntries(): Promise<readonly string[]> {
    this.#note("eks:ListAccessEntries");
    return [...this.entries.keys()];
  }

  async createAccessEntry(_: string, principalArn: string, type: string, groups?: readonly string[]): Promise<void> {
    this.#note("eks:CreateAccessEntry");
    if (this.unknownPrincipals-- > 0) throw awsError("InvalidParameterException");
    this.addEntry(principalArn, type);
    if (groups !== undefined) this.entries.set(principalArn, { principalArn, type, username: "", groups });
  }

  async deleteAccessEntry(_cluster: string, principalArn: string): Promise<void> {
    this.#note("eks:DeleteAccessEntry");
    this.entries.delete(principalArn);
  }

  async findRole(name: string): Promise<Role | undefined> {
    this.#note("iam:GetRole");
    return this.roles.get(name);
  }

  async createRole({ name, ...role }: Parameters<AdminAws["createRole"]>[0]): Promise<void> {
    this.#note("iam:CreateRole");
    this.addRole(name, role);
  }

  async setTrustPolicy(name: string, trustPolicy: string): Promise<void> {
    this.#note("iam:UpdateAssumeRolePolicy");
    const role = this.roles.get(name);
    if (role !== undefined) this.roles.set(name, { ...role, trustPolicy });
  }

  async findRolePolicy(role: string, name: string): Promise<string | undefined> {
    this.#note("iam:GetRolePolicy");
    return this.roles.get(role)?.policies.get(name);
  }

  async putRolePolicy(role: string, name: string, policy: string): Promise<void> {
    this.#note("iam:PutRolePolicy");
    this.roles.get(role)?.policies.set(name, policy);
  }

  async deleteRolePolicy(role: string, name: string): Promise<void> {
    this.#note("iam:DeleteRolePolicy");
    this.roles.get(role)?.policies.delete(name);
  }

  /** A role that has a policy stays, as IAM keeps it. */
  async deleteRole(name: string): Promise<void> {
    this.#note("iam:DeleteRole");
    if ((this.roles.get(name)?.policies.size ?? 0) > 0) throw awsError("DeleteConflictException", 409);
    this.roles.delete(name);
  }

  #note(action: string): void {
    this.calls.push(action);
    if (this.denied.has(action)) throw awsError("AccessDeniedException", 403);
  }
}

/** Kubernetes' client, by way of the host's requests: throws as the real one does (test/host/kubernetes-admin.test.ts). */
function memoryKubernetes(host: MemoryHost, access: KubernetesAccess, memory: MemoryKubernetes): AdminKubernetes {
  if (access.kind === "kubeconfig" && access.file === "broken") throw new Error("ENOENT: no such file: broken");
  const server = access.kind === "token" ? access.endpoint : "https://127.0.0.1:6443";
  const send = async (method: HttpRequest["method"], path: string, document?: object) => {
    // A user of a kubeconfig has a token too, in this cluster.
    const token = access.kind === "token" ? (await access.mintToken()).reveal() : "k8s-aws-v1.kubeconfig";
    const body = document === undefined ? "" : JSON.stringify(document);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await host.fetch({ method, url: `${server}${path}`, body, headers, timeoutSeconds: 1 });
    if (answer.status < 300) return JSON.parse(answer.body);
    throw Object.assign(new Error("Unknown API Status Code!"), { code: answer.status, body: answer.body });
  };
  const folder = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
  // Everything but aws-auth is in memory.
  const others = <K extends keyof MemoryKubernetes>(...names: readonly K[]) =>
    Object.fromEntries(
      names.map((name) => [name, (memory[name] as (...given: unknown[]) => unknown).bind(memory)]),
    ) as Pick<MemoryKubernetes, K>;
  return {
    server,
    ...others("deleteConfigMap", "readRbac", "createRbac", "replaceRbac", "deleteRbac"),
    ...others("readDaemonSet", "createDaemonSet", "replaceDaemonSet", "readNode", "readNodeHealth", "send"),
    readConfigMap: (of) =>
      of.name === "aws-auth" ? send("GET", `${folder(of.namespace)}/${of.name}`) : memory.readConfigMap(of),
    createConfigMap: (of, data) =>
      of.name === "aws-auth"
        ? send("POST", folder(of.namespace), { apiVersion: "v1", kind: "ConfigMap", metadata: of, data })
        : memory.createConfigMap(of, data),
    patchConfigMap: (of, resourceVersion, data) =>
      of.name === "aws-auth"
        ? send("PATCH", `${folder(of.namespace)}/${of.name}`, { metadata: { resourceVersion }, data })
        : memory.patchConfigMap(of, resourceVersion, data),
  };
}

/** An administrator of the cluster `demo`, whose mode is given. */
export function setUpAdmin(mode = "API_AND_CONFIG_MAP") {
  const host = new MemoryHost();
  host.userId = 1000;
  const aws = new MemoryAws(host.clock.now);
  aws.callerArn = ADMIN_ARN;
  aws.cluster = { ...aws.cluster, authenticationMode: mode };
  const adminAws = new MemoryAdminAws();
  adminAws.addRole("nodes", { trustPolicy: '{"sts:RoleSessionName": "gpu-1"}' });
  const awsAuth = new MemoryAwsAuth(ADMIN_ENTRY);
  host.onFetch = awsAuth.answer;
  const said: string[] = [];
  const print = (text: string) => void said.push(text);
  const answers: boolean[] = [];
  const confirm = async () => answers.shift() ?? false;
  const shared = {
    cluster: "demo",
    region: "us-west-2",
    method: "auto",
    yes: true,
    dryRun: false,
    output: "text",
    backupFolder: ".",
  } as const;
  const known: { kubeconfig: Kubeconfig | undefined } = { kubeconfig: undefined };
  const kubernetes = new MemoryKubernetes();
  const openKubernetes = async (access: KubernetesAccess) => memoryKubernetes(host, access, kubernetes);
  const openAdmin = async () => ({ host, aws, adminAws, openKubernetes, kubeconfig: known.kubeconfig });
  const context = { openAdmin, confirm: confirm as typeof confirm | undefined };
  return {
    host,
    aws,
    adminAws,
    awsAuth,
    kubernetes,
    context,
    /** The kubeconfig that the options name. */
    known,
    /** What a person at the terminal answers. */
    answers,
    authorize: (options: Partial<AuthorizeOptions> = {}) =>
      authorizeCommand(context, { ...shared, nodeName: [], identity: "hybrid", tunnel: false, ...options }, print),
    revoke: (options: Partial<RevokeOptions> = {}) =>
      revokeCommand(context, { ...shared, tunnel: false, ...options }, print),
    roles: () => parse(awsAuth.data?.mapRoles ?? "") as unknown[],
    print,
    said: () => said.join(""),
    forget: () => void said.splice(0),
  };
}
