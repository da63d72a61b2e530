// An EC2 instance's metadata service in memory, version 2: no answer without a token of its own.
import type { HttpRequest, HttpResponse } from "../../agent/host/host.ts";

export class MemoryInstance {
  /** By path below `latest/`. */
  readonly values = new Map<string, string>([
    ["meta-data/instance-id", "i-0123456789abcdef0"],
    ["meta-data/public-ipv4", "198.51.100.5"],
    ["meta-data/local-ipv4", "10.20.1.5"],
    ["meta-data/iam/security-credentials/", "gateway-role"],
  ]);
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** Tokens that it has given. */
  tokens = 0;
  /** Tokens before this one have expired. */
  validFrom = 1;

  giveKeys(id: string, expiration: string): void {
    const keys = {
      Code: "Success",
      AccessKeyId: id,
      SecretAccessKey: "secret",
      Token: "token",
      Expiration: expiration,
    };
    this.values.set("meta-data/iam/security-credentials/gateway-role", JSON.stringify(keys));
  }

  /** Undefined for a request to another server. */
  answer({ url, method = "GET", headers = {} }: HttpRequest): HttpResponse | undefined {
    const [, path] = /^http:\/\/169\.254\.169\.254\/latest\/(.*)$/.exec(url) ?? [];
    if (path === undefined) return undefined;
    this.asked.push(path);
    if (path === "api/token") {
      if (method !== "PUT" || headers["x-aws-ec2-metadata-token-ttl-seconds"] === undefined)
        return { status: 400, body: "" };
      this.tokens += 1;
      return { status: 200, body: `token-${this.tokens}` };
    }
    const [, number] = /^token-(\d+)$/.exec(headers["x-aws-ec2-metadata-token"] ?? "") ?? [];
    if (number === undefined || Number(number) < this.validFrom) return { status: 401, body: "" };
    const value = this.values.get(path);
    return value === undefined ? { status: 404, body: "" } : { status: 200, body: value };
  }
}
