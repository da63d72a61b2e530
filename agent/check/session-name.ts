// A role's session names the node: system:node:{{SessionName}}. Where it is another name than node.name, the node is somebody else.
import type { Config } from "../config/schema.ts";
import { acceptSessionName } from "../credentials/roles-anywhere.ts";

/** What to do about a session whose name is not the node's; undefined when it is, and when the ARN is no session's. */
export function sessionNameRemedy(
  arn: string | undefined,
  { credentials, node }: Pick<Config, "credentials" | "node">,
): string | undefined {
  const session = /^arn:aws[\w-]*:sts::\d+:assumed-role\/[^/]+\/(.+)$/.exec(arn ?? "")?.[1];
  // The authenticator writes @ as -, since a user's name has none.
  if (session === undefined || session.replaceAll("@", "-") === node.name) return undefined;
  const { rolesAnywhere, assumeRole } = credentials;
  if (rolesAnywhere !== undefined && assumeRole === undefined)
    return `${acceptSessionName(rolesAnywhere.profileArn)}: without it the session is named after the certificate's serial number.`;
  const whose = session.startsWith("mi-") ? " (SSM names its sessions after the managed instance)" : "";
  return `Set node.name: ${session}${whose}, or let these keys assume a role of the node's own: credentials.assumeRole.arn.`;
}
