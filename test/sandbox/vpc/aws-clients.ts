// AWS's API from a test on the host: clients of the sandbox's own EC2, EKS and IAM.
import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { join } from "node:path";
import { EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import type { Sandbox } from "../sandbox.ts";
import { region } from "../state.ts";

export interface AwsClients {
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly iam: IAMClient;
}

/** Keys of a user, or of a session with its token. */
export interface ClientKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Clients with these keys, the administrator's when left out. */
export async function awsClients(
  { folder, facts, addresses }: Pick<Sandbox, "folder" | "facts" | "addresses">,
  credentials: ClientKeys = facts.administrator,
): Promise<AwsClients> {
  const ca = await readFile(join(folder, "pki", "aws-ca.crt"));
  const common = {
    region,
    credentials,
    endpoint: `https://${addresses.aws}`,
    requestHandler: { httpsAgent: new Agent({ ca, keepAlive: false }), requestTimeout: 10_000 },
  };
  return { ec2: new EC2Client(common), eks: new EKSClient(common), iam: new IAMClient(common) };
}
