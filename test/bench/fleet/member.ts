// One daemon of a fleet: its machine is in memory, and its clock, its AWS and its API server are real.
import { runAgent } from "../../../agent/agent.ts";
import { parseConfig } from "../../../agent/config/load.ts";
import { type Aws, createAws } from "../../../agent/host/aws.ts";
import type { HttpRequest, HttpResponse, LineStreamRequest } from "../../../agent/host/host.ts";
import { fetchHttp, followLines } from "../../../agent/host/http.ts";
import { createLog } from "../../../agent/log.ts";
import { CONFIG_FILE } from "../../fakes/memory-agent.ts";
import { MemoryContainerd } from "../../fakes/memory-containerd.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { DOCKER_CONTAINERD_CONFIG } from "../../fakes/samples.ts";
import { RealClock } from "./real-clock.ts";
import type { MemberFacts, RequestNote } from "./record.ts";

/** What a member writes down: each request, and each change of a condition. */
export interface Notes {
  request(request: Omit<RequestNote, "node">): void;
  condition(type: string, status: string): void;
}

class FleetHost extends MemoryHost {
  override readonly clock = new RealClock();
  override readonly random = Math.random;
}

/** Runs one daemon until the signal aborts. */
export async function runMember(name: string, facts: MemberFacts, notes: Notes, signal: AbortSignal): Promise<void> {
  const host = createMachine(facts, notes);
  const text = renderConfig(name, facts);
  host.files.put(CONFIG_FILE, text);
  const config = parseConfig(text, CONFIG_FILE, name);
  const awsFor = () => notedAws(createAws(facts.region, {}), notes);
  await runAgent(
    {
      host,
      aws: awsFor(),
      config,
      configProblem: undefined,
      configFile: CONFIG_FILE,
      onConfigChange: () => undefined,
      log: createLog({ level: "info", format: "json" }, (line) => noteCondition(line, notes)),
      environment: { PATH: "/usr/bin", NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "90000000" },
    },
    signal,
  );
}

/** All that a daemon has by default; keys live as short as AWS allows, for a run takes minutes. */
function renderConfig(name: string, { cluster, region, roleArn, healthPort }: MemberFacts): string {
  return JSON.stringify({
    cluster: { name: cluster, region },
    node: { name },
    credentials: { keysFile: "/etc/eks-satellite/aws-keys", assumeRole: { arn: roleArn, durationSeconds: 900 } },
    health: { port: healthPort },
  });
}

/** A machine with containerd and kubelet on which all is well. */
function createMachine({ keysFile, servingCertificate, endpoint }: MemberFacts, notes: Notes): MemoryHost {
  const host = new FleetHost();
  const containerd = new MemoryContainerd(host);
  host.files.put("/etc/eks-satellite/aws-keys", keysFile, { mode: 0o600 });
  host.files.put("/etc/containerd/config.toml", DOCKER_CONTAINERD_CONFIG);
  host.files.put("/var/lib/kubelet/pki/kubelet-server-current.pem", servingCertificate);
  host.files.putFolder("/run/systemd/system");
  host.install("systemd-notify", () => ({}));
  host.resolve = async () => ["192.0.2.1"];
  host.onReach = () => "ok";
  containerd.start();
  host.onFetch = async (request) => {
    if (request.url.includes("/healthz")) return { status: 200, body: "ok" };
    return noted(request, endpoint, notes, () => fetchHttp(request));
  };
  host.onFollow = (request) => noted(request, endpoint, notes, () => followLines(request));
  return host;
}

async function noted(
  request: HttpRequest | LineStreamRequest,
  endpoint: string,
  notes: Notes,
  send: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const isApi = request.url.startsWith(endpoint);
  if (!isApi && !/amazonaws/.test(request.url)) throw new Error(`nothing answers at ${request.url}`);
  const sent = { atMs: Date.now(), server: isApi ? "api" : "aws", kind: isApi ? apiKind(request) : "clock" } as const;
  const isWatch = "onLine" in request;
  // A watch that is not refused ends much later.
  if (isWatch) notes.request({ ...sent, outcome: "begun" });
  try {
    const response = await send();
    if (!isWatch || response.status !== 200) notes.request({ ...sent, outcome: String(response.status) });
    return response;
  } catch (error) {
    if (!isWatch) notes.request({ ...sent, outcome: "silence" });
    throw error;
  }
}

/** Verb and resource, as the API server's own metrics have them. */
function apiKind({ url, method = "GET" }: HttpRequest): string {
  const { pathname, searchParams } = new URL(url);
  const isStatus = pathname.endsWith("/status");
  const resource = /\/(nodes|certificatesigningrequests|events|configmaps)\b/.exec(pathname)?.[1] ?? "other";
  const verb = searchParams.has("watch") ? "WATCH" : method === "GET" && searchParams.size > 0 ? "LIST" : method;
  return `${verb} ${resource}${isStatus ? "/status" : ""}`;
}

function notedAws(aws: Aws, notes: Notes): Aws {
  const note = async <T>(kind: string, call: () => Promise<T>): Promise<T> => {
    const sent = { atMs: Date.now(), server: "aws", kind } as const;
    try {
      const answer = await call();
      notes.request({ ...sent, outcome: "200" });
      return answer;
    } catch (error) {
      const { $metadata, name } = error as { name: string; $metadata?: { httpStatusCode?: number } };
      notes.request({ ...sent, outcome: $metadata?.httpStatusCode === undefined ? "silence" : name });
      throw error;
    }
  };
  return {
    assumeRole: (keys, request) => note("AssumeRole", () => aws.assumeRole(keys, request)),
    getSessionToken: (keys, seconds) => note("GetSessionToken", () => aws.getSessionToken(keys, seconds)),
    describeCluster: (keys, name) => note("DescribeCluster", () => aws.describeCluster(keys, name)),
    getCallerIdentity: (keys) => note("GetCallerIdentity", () => aws.getCallerIdentity(keys)),
  };
}

/** The log says each change of a condition. */
function noteCondition(line: string, notes: Notes): void {
  if (!line.includes('"condition"')) return;
  const { condition, status } = JSON.parse(line) as { readonly condition?: string; readonly status?: string };
  if (condition !== undefined && status !== undefined) notes.condition(condition, status);
}
