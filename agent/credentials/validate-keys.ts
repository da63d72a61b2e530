// Asks AWS whether it accepts keys, where a file or the API server gives reason for doubt.
import { explainAwsError } from "../aws/aws-error.ts";
import type { SatelliteError } from "../errors.ts";
import type { Aws, AwsKeys } from "../host/aws.ts";

/** Finds why AWS refuses the keys; undefined when it accepts them or does not answer. */
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
