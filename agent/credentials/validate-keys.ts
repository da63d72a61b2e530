// Whether AWS takes keys: tried where a file or the API server gives reason to doubt them.

import { explainAwsError } from "../aws/aws-error.ts";
import type { SatelliteError } from "../errors.ts";
import type { Aws, AwsKeys } from "../host/aws.ts";

/** Why AWS takes the keys for none; undefined when it takes them, and also when it does not answer. */
export async function findRefusal(aws: Aws, keys: AwsKeys): Promise<SatelliteError | undefined> {
  try {
    await aws.getCallerIdentity(keys);
    return undefined;
  } catch (cause) {
    const error = explainAwsError(cause, "sts:GetCallerIdentity", { code: "caller-denied", hint: "" });
    return ["credentials-invalid", "credentials-expired"].includes(error.code) ? error : undefined;
  }
}

/** Whether both are the same keys. */
export function isSameKeys(one: AwsKeys, other: AwsKeys): boolean {
  return (
    one.accessKeyId === other.accessKeyId &&
    one.secretAccessKey.reveal() === other.secretAccessKey.reveal() &&
    one.sessionToken?.reveal() === other.sessionToken?.reveal()
  );
}
