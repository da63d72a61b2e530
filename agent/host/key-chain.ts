// An administrator's AWS keys, from AWS's default chain: environment, profile, SSO, web identity, instance. The daemon never loads it.
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { optional } from "../optional.ts";
import { Secret } from "../secret.ts";
import type { AwsKeys } from "./aws.ts";

/** Creates the chain; it renews keys that end. */
export function createKeyChain(region: string, profile: string | undefined): ReturnType<typeof defaultProvider> {
  return defaultProvider({ clientConfig: { region }, ...optional({ profile }) });
}

/** Reads the current keys of a chain. @throws the SDK's own errors */
export async function readChain(chain: ReturnType<typeof defaultProvider>): Promise<AwsKeys> {
  const { accessKeyId, secretAccessKey, sessionToken } = await chain();
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
  };
}
