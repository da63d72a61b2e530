// Kubernetes' own client, ready to use: its credentials, its deadline, its proxy.
import {
  type Cluster,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  HttpMethod,
  KubeConfig,
  PatchStrategy,
  RequestContext,
  type ResponseContext,
  ServerConfiguration,
} from "@kubernetes/client-node";
import type { Secret } from "../../secret.ts";

/** How the API server is found, and with which credentials it is asked. */
export type KubernetesAccess =
  | {
      readonly kind: "token";
      readonly name: string;
      readonly endpoint: string;
      readonly caPem: string;
      /** A token for each request: the user may take longer to confirm than a token lives. */
      readonly mintToken: () => Promise<Secret>;
    }
  | { readonly kind: "kubeconfig"; readonly file: string; readonly context?: string };

/** A request whose path begins with /api. */
export interface RawRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** Sent as JSON of this media type. */
  readonly content?: { readonly type: string; readonly document: object } | undefined;
}

const DEADLINE_MS = 15_000;

/** Later calls use the same object: an exec plugin is asked once. */
export function loadKubeconfig({ file, context }: Extract<KubernetesAccess, { kind: "kubeconfig" }>): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(file);
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() === null)
    throw new Error(`it has no context ${config.getCurrentContext() ?? ""} with a cluster`);
  return config;
}

export function clusterOf(config: KubeConfig | undefined): Cluster {
  const cluster = config?.getCurrentCluster() ?? undefined;
  if (cluster === undefined) throw new Error("it has no cluster");
  return cluster;
}

export async function tokenConfig({
  name,
  endpoint,
  caPem,
  mintToken,
}: Extract<KubernetesAccess, { kind: "token" }>): Promise<KubeConfig> {
  const config = new KubeConfig();
  const cluster = { name, server: endpoint, caData: Buffer.from(caPem).toString("base64"), skipTLSVerify: false };
  const user = { name: "administrator", token: (await mintToken()).reveal() };
  config.loadFromClusterAndUser(cluster, user);
  return config;
}

export interface Clients {
  readonly core: CoreV1Api;
  readonly custom: CustomObjectsApi;
  readonly send: (request: RawRequest) => Promise<string>;
}

export function createClient(config: KubeConfig, proxyUrl: string | undefined): Clients {
  const cluster = clusterOf(config);
  if (proxyUrl !== undefined && cluster.proxyUrl === undefined) Object.assign(cluster, { proxyUrl });
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(cluster.server, {}),
    authMethods: { default: authenticationOf(config) },
    promiseMiddleware: [{ pre: prepare, post: async (response: ResponseContext) => response }],
  });
  const send = async ({ method, path, content }: RawRequest) => {
    const request = new RequestContext(`${cluster.server.replace(/\/$/, "")}${path}`, HttpMethod[method]);
    request.setHeaderParam("Accept", "application/json");
    await authenticationOf(config).applySecurityAuthentication(request);
    await prepare(request);
    if (content !== undefined) {
      request.setHeaderParam("Content-Type", content.type);
      request.setBody(JSON.stringify(content.document));
    }
    const { httpStatusCode, body } = await configuration.httpApi.send(request).toPromise();
    const text = await body.text();
    if (httpStatusCode < 300) return text;
    throw Object.assign(new Error("Unknown API Status Code!"), { code: httpStatusCode, body: text });
  };
  return { core: new CoreV1Api(configuration), custom: new CustomObjectsApi(configuration), send };
}

/** The deadline begins after the credentials are there: an exec plugin may ask the user for something. */
async function prepare(request: RequestContext): Promise<RequestContext> {
  request.setSignal(AbortSignal.timeout(DEADLINE_MS));
  if (request.getHttpMethod() === "PATCH") request.setHeaderParam("Content-Type", PatchStrategy.MergePatch);
  return request;
}

/** What fails here is no silence of the API server. */
function authenticationOf(config: KubeConfig) {
  return {
    getName: () => config.getName(),
    applySecurityAuthentication: (request: RequestContext) =>
      config.applySecurityAuthentication(request).catch((cause: unknown) => {
        const { message } = cause as Error;
        throw Object.assign(new Error(message, { cause }), { name: "KubeconfigError" });
      }),
  };
}
