// The metadata service of an EC2 instance, version 2: what the instance is, and the keys of its role.
import { toSessionKeys } from "../credentials/source-keys.ts";
import { SatelliteError } from "../errors.ts";
import type { SessionKeys } from "../host/aws.ts";
import type { Host, HttpRequest, HttpResponse } from "../host/host.ts";

const SERVICE = "http://169.254.169.254/latest";
const TOKEN_LIFETIME_SECONDS = 21_600;
/** It is on the same host: a longer silence is none that ends. */
const DEADLINE_SECONDS = 5;
const MAX_BYTES = 64 * 1024;
const ROLE_PATH = "meta-data/iam/security-credentials/";

/** Reads the metadata service, with a token that is asked for when it is needed. */
export class InstanceMetadata {
  readonly #host: Pick<Host, "fetch">;
  #token: string | undefined;

  constructor(host: Pick<Host, "fetch">) {
    this.#host = host;
  }

  /** The text at a path below `latest/`; undefined where the service has none. @throws metadata-unreachable */
  async read(path: string): Promise<string | undefined> {
    const answer = await this.#get(path);
    // The token has expired: the instance was stopped in between, or six hours have passed.
    const { status, body } = answer.status === 401 ? await this.#getAnew(path) : answer;
    if (status === 404) return undefined;
    if (status === 200) return body.trim();
    throw unreachable(`it answered ${status} to ${path}`);
  }

  /** Keys of the instance's role, and when they end. @throws metadata-unreachable, instance-role-missing, credentials-invalid */
  async readRoleKeys(): Promise<SessionKeys> {
    const [role = ""] = ((await this.read(ROLE_PATH)) ?? "").split("\n");
    const text = role === "" ? undefined : await this.read(`${ROLE_PATH}${encodeURIComponent(role.trim())}`);
    const keys = parseKeys(text);
    if (keys !== undefined) return toSessionKeys(keys, `role ${role.trim()} of the instance`);
    throw new SatelliteError("instance-role-missing", "the instance has no keys of a role", {
      hint: "Give it an instance profile: aws ec2 associate-iam-instance-profile; eks-satellite gateway check names the role.",
    });
  }

  #getAnew(path: string): Promise<HttpResponse> {
    this.#token = undefined;
    return this.#get(path);
  }

  async #get(path: string): Promise<HttpResponse> {
    this.#token ??= await this.#askToken();
    return this.#send({ url: `${SERVICE}/${path}`, headers: { "x-aws-ec2-metadata-token": this.#token } });
  }

  async #askToken(): Promise<string> {
    const headers = { "x-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_LIFETIME_SECONDS) };
    const { status, body } = await this.#send({ url: `${SERVICE}/api/token`, method: "PUT", headers });
    if (status === 200) return body.trim();
    throw unreachable(`it answered ${status} to the request of a token`);
  }

  #send(request: Pick<HttpRequest, "url" | "method" | "headers">): Promise<HttpResponse> {
    return this.#host
      .fetch({ ...request, timeoutSeconds: DEADLINE_SECONDS, maxBytes: MAX_BYTES })
      .catch((cause: unknown) => {
        throw unreachable("it did not answer", cause);
      });
  }
}

function parseKeys(text: string | undefined) {
  if (text === undefined) return undefined;
  try {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(text) as Record<string, unknown>;
    const fields = [AccessKeyId, SecretAccessKey, Token, Expiration];
    if (!fields.every((field) => typeof field === "string" && field !== "")) return undefined;
    const [id, secret, token, expiration] = fields as [string, string, string, string];
    return { id, secret, token, expiration };
  } catch {
    return undefined; // No JSON: the service says in words that there is no role.
  }
}

function unreachable(why: string, cause?: unknown): SatelliteError {
  return new SatelliteError("metadata-unreachable", `the metadata service at 169.254.169.254: ${why}`, {
    hint: "A gateway runs on an EC2 instance whose metadata service is on: aws ec2 modify-instance-metadata-options --http-endpoint enabled. A proxy must not be asked: NO_PROXY=169.254.169.254.",
    cause,
  });
}
