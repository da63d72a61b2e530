// The part of the configuration that says where the AWS keys come from. Secrets themselves are never in it.
import * as z from "zod";
import { absolutePath as path } from "./absolute-path.ts";

const assumeRoleSchema = z.strictObject({
  arn: z
    .string()
    .regex(
      /^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
      "must be the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME",
    )
    .describe("Role to assume; the session name is the node's name."),
  durationSeconds: z
    .int()
    .min(900)
    .max(43_200)
    .default(3600)
    .describe("Life of the session keys in seconds; AWS allows 900 up to the role's MaxSessionDuration."),
  externalId: z.string().min(2).max(1224).optional().describe("External id that the role's trust policy asks for."),
});

/** Sources of keys, of which exactly one is configured, and the role to assume with them. */
export const credentialsSchema = z
  .strictObject({
    keysFile: path()
      .optional()
      .describe(
        "File of mode 0600 with lines AWS_ACCESS_KEY_ID=, AWS_SECRET_ACCESS_KEY= and, for temporary keys, AWS_SESSION_TOKEN=.",
      ),
    profile: z
      .strictObject({
        file: path().default("/root/.aws/credentials").describe("AWS shared credentials file, mode 0600."),
        name: z.string().min(1).default("default").describe("Profile in that file."),
      })
      .optional()
      .describe("A profile of an AWS shared credentials file, with keys or a credential_process."),
    process: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("Command and arguments that print credentials as JSON, as credential_process does."),
    assumeRole: assumeRoleSchema
      .optional()
      .describe("Role that makes this machine the node; without it the source's own identity is the node's."),
  })
  .refine(
    ({ keysFile, profile, process }) =>
      [keysFile, profile, process].filter((source) => source !== undefined).length === 1,
    "needs exactly one source: keysFile, profile or process",
  );
