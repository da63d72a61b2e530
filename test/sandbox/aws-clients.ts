// Clients of the sandbox's AWS for tests on the host: AWS's own names, which lead to the sandbox's address.
import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import type { LookupFunction } from "node:net";
import { join } from "node:path";
import { EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import type { Sandbox } from "./sandbox.ts";
import { region } from "./state.ts";

/** Keys of a user, or of a session with its token. */
export interface ClientKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Clients with these keys, the administrator's when left out. */
export async function awsClients(
  sandbox: Pick<Sandbox, "folder" | "facts" | "addresses">,
  credentials: ClientKeys = sandbox.facts.administrator,
) {
  const ca = await readFile(join(sandbox.folder, "pki", "aws-ca.crt"));
  const httpsAgent = new Agent({ ca, keepAlive: false, lookup: leadTo(sandbox.addresses.aws) });
  const options = { region, credentials, requestHandler: { httpsAgent } };
  return { ec2: new EC2Client(options), eks: new EKSClient(options), iam: new IAMClient(options) };
}

/** Answers every name with one address, alone or as the list that Node.js asks for. */
function leadTo(address: string): LookupFunction {
  return (_name, { all }, callback) =>
    all === true ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4);
}
