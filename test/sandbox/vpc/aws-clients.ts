// AWS's API as the administrator calls it, from a test: the clients of the sandbox's own EC2 and EKS.
import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { join } from "node:path";
import { EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import type { Sandbox } from "../sandbox.ts";
import { region } from "../state.ts";

export interface AwsClients {
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
}

/** Clients with the administrator's keys. */
export async function awsClients({ folder, facts, addresses }: Sandbox): Promise<AwsClients> {
  const ca = await readFile(join(folder, "pki", "aws-ca.crt"));
  const common = {
    region,
    endpoint: `https://${addresses.aws}`,
    credentials: facts.administrator,
    requestHandler: { httpsAgent: new Agent({ ca, keepAlive: false }), requestTimeout: 10_000 },
  };
  return { ec2: new EC2Client(common), eks: new EKSClient(common) };
}
