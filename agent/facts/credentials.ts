// Where the node's AWS keys come from: a source on this machine, then AssumeRole. Whoever may assume the role may be any node,
// so the role's trust policy should pin sts:RoleSessionName to the node's name.
import { parseEnv } from "node:util";
import { parse as parseIni } from "ini";
import * as z from "zod";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Aws, AwsKeys, SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { Secret } from "../secret.ts";
import { explainAwsError } from "./aws-error.ts";

/** Access for group and others: a file with keys must have none of these bits. */
const OTHERS_BITS = 0o077;
const PROCESS_TIMEOUT_SECONDS = 60;
/** The head of a section. `ini` takes a dot in its name for a table within a table; AWS's tools do not. */
const SECTION = /^\s*\[[^\]\n]*\]/gm;
/** Life of the session keys that stand in for an IAM user's long-lived ones. */
const SESSION_TOKEN_SECONDS = 3600;

/** What a credential_process prints (AWS SDKs and Tools reference, "Process credential provider"). */
const processOutputSchema = z.object({
  Version: z.literal(1),
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  SessionToken: z.string().min(1).optional(),
  Expiration: z.iso.datetime({ offset: true }).optional(),
});

/**
 * Gets fresh keys of the node's identity: the role's when one is configured; else session keys of the source's own identity,
 * so that long-lived keys never leave their file. Where an organization denies its users even those, the long-lived keys themselves.
 * @throws credentials-missing, credentials-exposed, credentials-invalid, credentials-expired, role-forbidden, aws-unreachable
 */
export async function readSessionKeys(host: Host, aws: Aws, { credentials, node }: Config): Promise<SessionKeys> {
  const source = await readSourceKeys(host, credentials);
  if (source.expiresAtMs !== undefined && source.expiresAtMs <= host.clock.now()) {
    throw new SatelliteError(
      "credentials-expired",
      `the source's keys expired at ${new Date(source.expiresAtMs).toISOString()}`,
      {
        hint: "Renew the keys at their source; they are read again by themselves.",
      },
    );
  }
  const { assumeRole } = credentials;
  if (assumeRole !== undefined) {
    return aws.assumeRole(source, { ...assumeRole, sessionName: node.name }).catch((cause) => {
      throw explainAwsError(cause, "sts:AssumeRole", {
        code: "role-forbidden",
        hint: `Let the trust policy of ${assumeRole.arn} allow sts:AssumeRole to this identity with sts:RoleSessionName ${node.name}, and the identity's own policy allow it too.`,
      });
    });
  }
  if (source.sessionToken !== undefined) return source;
  return aws.getSessionToken(source, SESSION_TOKEN_SECONDS).catch((cause) => {
    const error = explainAwsError(cause, "sts:GetSessionToken", { code: "session-forbidden", hint: "" });
    if (error.code === "session-forbidden") return source;
    throw error;
  });
}

/** Keys that do not end by themselves: they may sign in memory, and are written nowhere. */
export function isLongLived({ sessionToken }: AwsKeys): boolean {
  return sessionToken === undefined;
}

/** What it means to have no others, and what to do about it. */
export const LONG_LIVED_KEYS = {
  message:
    "sts:GetSessionToken is denied to this user: its long-lived keys sign kubelet's token, and ecr-credential-provider gets none, so that pulls from ECR fail",
  hint: "Let the account's service control policies allow sts:GetSessionToken, or configure credentials.assumeRole.",
} as const;

/** Reads the keys of the configured source. @throws credentials-missing, credentials-exposed, credentials-invalid */
export async function readSourceKeys(
  host: Host,
  { keysFile, profile, process }: Config["credentials"],
): Promise<SessionKeys> {
  if (keysFile !== undefined) return fromVariables(parseEnv(await readPrivate(host, keysFile)), keysFile);
  if (profile !== undefined) return readProfile(host, profile);
  return runCredentialProcess(host, process ?? []);
}

async function readProfile(host: Host, { file, name }: { file: string; name: string }): Promise<SessionKeys> {
  const text = (await readPrivate(host, file)).replaceAll(SECTION, (header) => header.replaceAll(".", "\\."));
  const sections = parseIni(text) as Record<string, Record<string, string> | undefined>;
  const section = sections[name] ?? sections[`profile ${name}`];
  if (section === undefined) {
    throw new SatelliteError("credentials-missing", `${file} has no profile ${name}`, {
      hint: `Set credentials.profile.name to one of: ${Object.keys(sections).join(", ") || "(the file has none)"}.`,
    });
  }
  if (section.credential_process !== undefined)
    return runCredentialProcess(host, ["/bin/sh", "-c", section.credential_process]);
  const variables = Object.fromEntries(Object.entries(section).map(([key, value]) => [key.toUpperCase(), value]));
  return fromVariables(variables, `profile ${name} of ${file}`);
}

async function runCredentialProcess(host: Host, [command = "", ...args]: readonly string[]): Promise<SessionKeys> {
  const { exitCode, stdout, stderr } = await host.run(command, args, { timeoutSeconds: PROCESS_TIMEOUT_SECONDS });
  if (exitCode !== 0) {
    throw new SatelliteError("credentials-missing", `${command} exited with ${exitCode}: ${lastLine(stderr)}`, {
      hint: "Run the command of credentials.process by hand, as root.",
    });
  }
  const parsed = processOutputSchema.safeParse(parseJson(stdout));
  if (!parsed.success) {
    // The output is not shown: it may hold a secret.
    throw new SatelliteError(
      "credentials-invalid",
      `${command} did not print credentials: ${z.prettifyError(parsed.error)}`,
      {
        hint: `It must print {"Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"} as JSON.`,
      },
    );
  }
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = parsed.data;
  return toKeys(
    AccessKeyId,
    SecretAccessKey,
    SessionToken,
    Expiration === undefined ? undefined : Date.parse(Expiration),
  );
}

function fromVariables(variables: Readonly<Record<string, string | undefined>>, origin: string): SessionKeys {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = variables;
  if (!id || !secret) {
    throw new SatelliteError(
      "credentials-missing",
      `${origin} lacks ${id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"}`,
      {
        hint: `Write AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… there (lower case in a profile).`,
      },
    );
  }
  return toKeys(id, secret, token || undefined, undefined);
}

function toKeys(id: string, secret: string, token: string | undefined, expiresAtMs: number | undefined): SessionKeys {
  const sessionToken = token === undefined ? {} : { sessionToken: new Secret(token) };
  return { accessKeyId: id, secretAccessKey: new Secret(secret), ...sessionToken, expiresAtMs };
}

/** Reads a file that must be nobody else's to read. */
async function readPrivate(host: Host, file: string): Promise<string> {
  const status = await host.files.status(file);
  const text = status === undefined ? undefined : await host.files.read(file);
  if (status === undefined || text === undefined) {
    throw new SatelliteError("credentials-missing", `there is no file ${file}`, {
      hint: `Put the keys there (install -m 0600 /dev/stdin ${file}), or correct credentials in the configuration.`,
    });
  }
  if ((status.mode & OTHERS_BITS) !== 0) {
    throw new SatelliteError(
      "credentials-exposed",
      `${file} has mode ${status.mode.toString(8).padStart(4, "0")}: others on this machine can read its keys`,
      {
        hint: `chmod 600 ${file}, and consider the keys known: rotate them.`,
      },
    );
  }
  return text;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The schema then says what was expected.
  }
}
