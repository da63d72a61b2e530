// EC2's metadata service, in the fabric's namespace for as long as the sandbox lives: who asks is known by its private address.
//   metadata.ts FOLDER
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { openSandbox } from "../sandbox.ts";
import { metadataAddress } from "../vpc/addresses.ts";
import { type Cloud, type CloudInstance, readCloud } from "../vpc/cloud.ts";
import { readCredentials } from "./hypervisor.ts";
import { MetadataTokens } from "./metadata-tokens.ts";
import { lookUp, type RoleCredentials, renderMetadata } from "./metadata-tree.ts";

/** AWS has new keys ready at least five minutes before the old ones end. */
const RENEW_AHEAD_MS = 5 * 60_000;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const [folder = ""] = process.argv.slice(2);
const { slot } = (await openSandbox(folder)).facts;
const tokens = new MetadataTokens();
const credentials = new Map<string, RoleCredentials>();

createServer((request, response) => {
  answer(request)
    .catch((error: unknown) => {
      console.error(request.method, request.url, error instanceof Error ? error.message : error);
      return { status: 500, text: "" };
    })
    .then((found) => send(response, found));
}).listen(80, metadataAddress);

async function answer(request: IncomingMessage): Promise<Answer> {
  const cloud = await readCloud(folder);
  const instance = askedBy(cloud, request.socket.remoteAddress);
  if (instance === undefined) return { status: 404, text: "Not Found" };
  const path = new URL(request.url ?? "/", "http://metadata").pathname;
  if (path === "/latest/api/token") return giveToken(instance, request);
  if (request.method !== "GET") return { status: 405, text: "" };
  const token = header(request, "x-aws-ec2-metadata-token");
  const isAllowed = token === undefined ? !instance.requiresToken : tokens.isValid(instance.id, token);
  if (!isAllowed) return { status: 401, text: "Unauthorized" };
  const [version = "", ...names] = path.split("/").filter(Boolean);
  if (version === "") return { status: 200, text: "latest" };
  if (!/^(latest|\d{4}-\d{2}-\d{2})$/.test(version)) return { status: 404, text: "Not Found" };
  const found = lookUp(renderMetadata(cloud, instance, await freshCredentials(instance)), names.join("/"));
  return found === undefined ? { status: 404, text: "Not Found" } : { status: 200, text: found };
}

/** The instance that has this address. What one forwards for others comes from addresses that none has. */
function askedBy(cloud: Cloud, address: string | undefined): CloudInstance | undefined {
  const one = cloud.interfaces.find(({ addresses }) => address !== undefined && addresses.includes(address));
  return cloud.instances.find(({ id }) => id === one?.instance);
}

function giveToken({ id }: CloudInstance, request: IncomingMessage): Answer {
  if (request.method !== "PUT") return { status: 405, text: "" };
  // A proxy that passes requests on from elsewhere gets none.
  if (request.headers["x-forwarded-for"] !== undefined) return { status: 403, text: "Forbidden" };
  const seconds = header(request, "x-aws-ec2-metadata-token-ttl-seconds") ?? "";
  const token = tokens.create(id, seconds);
  if (token === undefined) return { status: 400, text: "Bad Request" };
  return { status: 200, text: token, headers: { "x-aws-ec2-metadata-token-ttl-seconds": seconds } };
}

/** Keys that last; those of a session that AWS has declared void since are void, as on AWS. */
async function freshCredentials({ id, instanceProfile }: CloudInstance): Promise<RoleCredentials | undefined> {
  if (instanceProfile === null) return undefined;
  const known = credentials.get(id);
  const ends = known ? Date.parse(known.Expiration) : 0;
  const lifetime = known ? ends - Date.parse(known.LastUpdated) : 0;
  if (ends - Date.now() > Math.min(RENEW_AHEAD_MS, lifetime / 2)) return known;
  const fresh = await readCredentials(slot, id);
  if (fresh !== undefined) credentials.set(id, fresh);
  return fresh;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function send(response: ServerResponse, { status, text, headers = {} }: Answer): void {
  const own = { "content-type": "text/plain", server: "EC2ws", ...headers };
  response.writeHead(status, own).end(Buffer.from(text, "latin1"));
}
