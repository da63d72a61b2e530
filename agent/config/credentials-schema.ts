// The section of the configuration that says where the AWS keys come from. It never holds the secrets themselves.
import * as z from "zod";
import { seconds } from "../duration.ts";
import { absolutePath as path } from "./absolute-path.ts";

const roleArn = () =>
  z
    .string()
    .regex(
      /^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
      "must be the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME",
    );

const rolesAnywhereArn = (kind: "trust-anchor" | "profile") =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[\\w-]*:rolesanywhere:[a-z0-9-]+:\\d{12}:${kind}/[\\w-]+$`),
      `must be an ARN of IAM Roles Anywhere, arn:aws:rolesanywhere:REGION:ACCOUNT:${kind}/ID`,
    );

/** AWS allows sessions of 15 minutes to 12 hours. */
const sessionSeconds = () => seconds(900, 43_200).default(3600);

const assumeRoleSchema = z.strictObject({
  arn: roleArn().describe("Role to assume; the session name is the node's name."),
  durationSeconds: sessionSeconds().describe(
    "Life of the session keys in seconds; AWS allows 900 up to the role's MaxSessionDuration.",
  ),
  externalId: z.string().min(2).max(1224).optional().describe("External id that the role's trust policy requires."),
});

const rolesAnywhereSchema = z.strictObject({
  certificate: path().describe("This machine's certificate, PEM."),
  privateKey: path().describe("The certificate's private key, PEM and not encrypted, mode 0600."),
  intermediates: path()
    .optional()
    .describe("Certificates between it and the trust anchor, PEM; needed when an intermediate authority signed it."),
  trustAnchorArn: rolesAnywhereArn("trust-anchor").describe("Trust anchor that holds the certificate authority."),
  profileArn: rolesAnywhereArn("profile").describe(
    "Profile that names the role. It must accept a role session name (acceptRoleSessionName): the node's name is sent.",
  ),
  roleArn: roleArn().describe("Role of the session that the certificate gets."),
  durationSeconds: sessionSeconds().describe(
    "Life of the session keys in seconds; AWS allows 900 up to the profile's and the role's maximum.",
  ),
  helper: path()
    .default("/usr/local/bin/aws_signing_helper")
    .describe("AWS's credential helper for IAM Roles Anywhere, where nodeadm installs it too."),
});

const SOURCES = ["keysFile", "profile", "process", "rolesAnywhere"] as const;

/** Sources of keys, of which exactly one is configured, and the role to assume with them. */
export const credentialsSchema = z
  .strictObject({
    keysFile: path()
      .optional()
      .describe(
        "File of mode 0600 with lines AWS_ACCESS_KEY_ID=, AWS_SECRET_ACCESS_KEY= and, for temporary keys, AWS_SESSION_TOKEN= and AWS_CREDENTIAL_EXPIRATION=; with or without export, in the form of a shell or of systemd's EnvironmentFile.",
      ),
    profile: z
      .strictObject({
        file: path()
          .default("/root/.aws/credentials")
          .describe("AWS shared credentials file, mode 0600; the SSM agent of a hybrid activation writes this one."),
        name: z.string().min(1).default("default").describe("Profile in that file."),
      })
      .optional()
      .describe("A profile of an AWS shared credentials file, with keys or a credential_process."),
    process: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("Command and arguments that print credentials as JSON, as credential_process does."),
    rolesAnywhere: rolesAnywhereSchema
      .optional()
      .describe("IAM Roles Anywhere: a certificate instead of keys, through AWS's credential helper."),
    assumeRole: assumeRoleSchema
      .optional()
      .describe("Role that makes this machine the node. Default: the source's own identity is the node's."),
  })
  .superRefine((credentials, context) => {
    const given = SOURCES.filter((source) => credentials[source] !== undefined);
    if (given.length === 1) return;
    const found = given.length === 0 ? "none" : given.join(" and ");
    const message = `needs exactly one source of ${SOURCES.join(", ")}; it has ${found}`;
    context.addIssue({ code: "custom", message });
  });
