// A machine whose keys come from IAM Roles Anywhere, with a helper that answers as it is told.
import type { Config } from "../../agent/config/schema.ts";
import { machine } from "./certificates.ts";
import type { MemoryHost } from "./memory-host.ts";
import { sampleConfig } from "./samples.ts";

export const HELPER = "/usr/local/bin/aws_signing_helper";
export const CERTIFICATE = "/etc/eks-satellite/pki/node.crt";
export const PRIVATE_KEY = "/etc/eks-satellite/pki/node.key";
const ACCOUNT = "us-west-2:111122223333";

export const ROLES_ANYWHERE = {
  certificate: CERTIFICATE,
  privateKey: PRIVATE_KEY,
  trustAnchorArn: `arn:aws:rolesanywhere:${ACCOUNT}:trust-anchor/a`,
  profileArn: `arn:aws:rolesanywhere:${ACCOUNT}:profile/p-1`,
  roleArn: "arn:aws:iam::111122223333:role/satellite",
  durationSeconds: 3600,
  helper: HELPER,
} as const;

/** What the helper prints when all is well. */
export const HELPER_OUTPUT = {
  Version: 1,
  AccessKeyId: "ASIAROLESANYWHERE",
  SecretAccessKey: "roles-anywhere-secret",
  SessionToken: "roles-anywhere-token",
  Expiration: "2026-01-02T04:04:05Z",
};

export function rolesAnywhereConfig(): Config {
  return { ...sampleConfig(), credentials: { rolesAnywhere: ROLES_ANYWHERE } };
}

/** Puts certificate, key and helper there. */
export function installRolesAnywhere(host: MemoryHost): void {
  host.files.put(CERTIFICATE, machine.year);
  host.files.put(PRIVATE_KEY, machine.key, { mode: 0o600 });
  host.files.put(HELPER, "", { mode: 0o755 });
  host.install(HELPER, () => ({ stdout: JSON.stringify(HELPER_OUTPUT) }));
}
