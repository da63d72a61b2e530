// Gets keys for a certificate from IAM Roles Anywhere, through AWS's own helper, which signs the request with the certificate's key.
import { serviceHostname } from "../aws/aws-endpoints.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { checkCertificateDates, readClientCertificate } from "./client-certificate.ts";
import { runCredentialProcess } from "./credential-process.ts";
import { checkPrivateProgram } from "./private-file.ts";

export type RolesAnywhere = NonNullable<Config["credentials"]["rolesAnywhere"]>;

const HELPER_SOURCE = "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/credential-helper.html";
/** The helper's messages for a failed connection (Go's net package). */
const UNREACHABLE = /no such host|dial tcp|i\/o timeout|connection re(fused|set)|TLS handshake|request send failed/;
const UNTRUSTED = /untrusted|insufficient certificate/i;

/**
 * Gets a session of the role for the certificate, named after the node. With `--with-proxy` the helper uses HTTPS_PROXY where it
 * is set; the option has no other effect.
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/credential-helper.html
 * @throws helper-missing, program-foreign, roles-anywhere-denied, certificate-untrusted, aws-unreachable, and what certificate and process throw
 */
export async function readRolesAnywhereKeys(
  host: Host,
  config: RolesAnywhere,
  sessionName: string,
): Promise<SessionKeys> {
  checkCertificateDates(await readClientCertificate(host, config), host.clock.now());
  const { helper } = config;
  if ((await host.files.status(helper)) === undefined) {
    throw new SatelliteError("helper-missing", `there is no ${helper}, AWS's helper for IAM Roles Anywhere`, {
      hint: `Install it there with mode 0755: ${HELPER_SOURCE}, or iam_roles_anywhere_releases of EKS's artifact manifest; nodeadm install installs it too.`,
    });
  }
  await checkPrivateProgram(host, helper);
  return runCredentialProcess(host, {
    command: helper,
    args: helperArguments(config, sessionName),
    name: helper,
    key: "credentials.rolesAnywhere",
    explain: (words) => explain(words, config, sessionName),
  });
}

function helperArguments(config: RolesAnywhere, sessionName: string): readonly string[] {
  const { certificate, privateKey, intermediates, trustAnchorArn, profileArn, roleArn, durationSeconds } = config;
  return [
    "credential-process",
    ...["--certificate", certificate, "--private-key", privateKey],
    ...(intermediates === undefined ? [] : ["--intermediates", intermediates]),
    ...["--trust-anchor-arn", trustAnchorArn, "--profile-arn", profileArn, "--role-arn", roleArn],
    ...["--role-session-name", sessionName, "--session-duration", String(durationSeconds), "--with-proxy"],
  ];
}

/** Explains the service's refusals to the user. */
function explain(words: string, config: RolesAnywhere, sessionName: string): SatelliteError | undefined {
  const { roleArn, profileArn, trustAnchorArn, certificate } = config;
  if (UNREACHABLE.test(words)) {
    return new SatelliteError("aws-unreachable", `IAM Roles Anywhere was not reached: ${words}`, {
      hint: `Check the network from this machine to ${serviceHostname("rolesanywhere", regionOf(trustAnchorArn))}, port 443. Running pods keep running.`,
    });
  }
  if (UNTRUSTED.test(words)) {
    return new SatelliteError("certificate-untrusted", `${trustAnchorArn} does not trust ${certificate}: ${words}`, {
      hint: "Its authority must be that of the trust anchor, which must be enabled. Certificates between both belong to credentials.rolesAnywhere.intermediates.",
    });
  }
  if (!/AccessDenied/.test(words)) return undefined;
  return new SatelliteError(
    "roles-anywhere-denied",
    `rolesanywhere:CreateSession for ${roleArn} was denied: ${words}`,
    {
      hint: `${acceptSessionName(profileArn)}; the profile must be enabled and name ${roleArn}, whose trust policy must allow rolesanywhere.amazonaws.com sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity, with sts:RoleSessionName ${sessionName} where it names one.`,
    },
  );
}

/** Renders the command with which a profile accepts the node's name as the session's. Without it the name is the certificate's serial number. */
export function acceptSessionName(profileArn: string): string {
  const id = profileArn.slice(profileArn.lastIndexOf("/") + 1);
  return `aws rolesanywhere update-profile --region ${regionOf(profileArn)} --profile-id ${id} --accept-role-session-name`;
}

function regionOf(arn: string): string {
  return arn.split(":")[3] ?? "";
}
