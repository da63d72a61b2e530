// A role's session names the node: system:node:{{SessionName}}. A session with another name than node.name would be another node.
import type { Config } from "../config/schema.ts";
import { acceptSessionName } from "../credentials/roles-anywhere.ts";

/** What to do about a session whose name is not the node's; undefined when the names agree, and when the ARN is not a session's. */
export function sessionNameRemedy(
  arn: string | undefined,
  { credentials, node }: Pick<Config, "credentials" | "node">,
): string | undefined {
  const session = /^arn:aws[\w-]*:sts::\d+:assumed-role\/[^/]+\/(.+)$/.exec(arn ?? "")?.[1];
  // The authenticator replaces @ by -, since a Kubernetes user name must not have one.
  if (session === undefined || session.replaceAll("@", "-") === node.name) return undefined;
  const { rolesAnywhere, assumeRole } = credentials;
  if (rolesAnywhere !== undefined && assumeRole === undefined)
    return `${acceptSessionName(rolesAnywhere.profileArn)}: without it the session is named after the certificate's serial number.`;
  const whose = session.startsWith("mi-") ? " (SSM names its sessions after the managed instance)" : "";
  return `Set node.name: ${session}${whose}, or let these keys assume the node's own role: credentials.assumeRole.arn.`;
}
