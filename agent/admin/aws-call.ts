// A call to AWS as an administrator: a failure names the action, the resource, and the caller.

import { explainAwsError, isAwsOwnProblem } from "../aws/aws-error.ts";
import { SatelliteError } from "../errors.ts";

export interface Question {
  /** As IAM has it, e.g. `iam:GetRole`. */
  readonly action: string;
  /** ARN of the resource. */
  readonly resource: string;
  /** ARN of the caller. */
  readonly caller: string;
}

/** @throws aws-forbidden, aws-refused, aws-unreachable, credentials-expired, credentials-invalid, clock-skewed */
export async function callAws<T>({ action, resource, caller }: Question, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const needed = neededBeside(action, cause);
    const error = explainAwsError(cause, `${action} on ${resource}`, {
      code: "aws-forbidden",
      hint: `Allow ${action}${needed === undefined ? "" : ` and ${needed}`} on ${resource} to ${caller}.`,
    });
    if (error.code === "credentials-expired") {
      const hint = "Renew them (aws sso login, or other keys) and run this again: it continues where it stopped.";
      throw new SatelliteError(error.code, error.message, { hint, cause });
    }
    if (error.code !== "aws-failed" || isAwsOwnProblem(cause)) throw error;
    const { name = "" } = cause as { name?: string };
    throw new SatelliteError("aws-refused", `${action} on ${resource} was refused (${name})`, {
      hint:
        REMEDIES[name] ??
        "The message holds AWS's answer. Earlier changes stay, and running this again continues from there.",
      cause,
    });
  }
}

/** Another action that this one needs, from AWS's words of denial: CreateRole with tags needs iam:TagRole too. */
function neededBeside(action: string, cause: unknown): string | undefined {
  const { message = "" } = cause as { message?: string };
  const said = /not authorized to perform: (\w+:\w+)/.exec(message)?.[1];
  return said === action ? undefined : said;
}

const REMEDIES: Readonly<Record<string, string>> = {
  InvalidParameterException:
    "The principal must exist in the cluster's account: compare its ARN, path included, with aws iam get-role or get-user.",
  MalformedPolicyDocumentException:
    "The principal of --trusted-arn must exist: compare with aws iam get-user or get-role.",
  ResourceInUseException: "Another client created it a moment ago: run this again.",
  ResourceLimitExceededException:
    "The cluster has as many access entries as EKS allows: remove some, or ask AWS for more.",
  LimitExceededException:
    "The account has as many roles as IAM allows: remove some, ask AWS for more, or use one role for several nodes.",
  UnmodifiableEntityException: "The role belongs to an AWS service: choose another name.",
};
