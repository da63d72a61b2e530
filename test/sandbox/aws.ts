// AWS: a moto process with SigV4 verified in front of it, and the faults that can be put on it.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { type Addresses, endpointName } from "./addresses.ts";
import { replaceFolder } from "./fresh-folder.ts";
import { hypervisorPath } from "./instances/hypervisor.ts";
import { inNamespace, setAwsReachability } from "./network.ts";
import { lastLines, startDaemon } from "./process.ts";
import {
  accountId,
  cacheFolder,
  clusterName,
  isMissing,
  roleArn,
  roleName,
  type SandboxFacts,
  writeAtomic,
} from "./state.ts";
import type { Progress } from "./step.ts";
import { vpcPlans } from "./vpc/cloud.ts";
import { waitFor } from "./wait.ts";

/** The faults in force at AWS's side; the empty object is a healthy AWS. Moments are ISO 8601. */
export interface AwsFaults {
  /** Every request is answered 503. */
  readonly unavailable?: boolean;
  /** Actions that are denied to all identities, such as `eks:DescribeCluster`. */
  readonly denied?: readonly string[];
  /** Presigned URLs from before this moment are void. */
  readonly tokensExpiredBefore?: string;
  /** Session keys issued before this moment are void. */
  readonly sessionsExpiredBefore?: string;
  /** Every user's long-lived keys are deleted; sessions of roles live on. */
  readonly usersDeleted?: boolean;
  /** AWS's clock is ahead of the machine's by this much. */
  readonly clockAheadSeconds?: number;
  /** Replaces the duration that AssumeRole is asked for. */
  readonly sessionLifetimeSeconds?: number;
  /** Replaces the 15 minutes for which a presigned URL is taken. */
  readonly tokenLifetimeSeconds?: number;
  /** Replaces the 12 hours for which ECR's tokens are taken. */
  readonly registryTokenLifetimeSeconds?: number;
  /** How long UpdateClusterConfig takes, 1 by default. */
  readonly clusterUpdateSeconds?: number;
  /** What DescribeCluster says instead: dotted key → value; null removes the key. */
  readonly cluster?: Readonly<Record<string, unknown>>;
}

/** The folder of AWS's program. */
export const awsProgram = join(import.meta.dirname, "aws");

/** Makes the Python environment of AWS in the cache, keyed by its pinned requirements; returns its interpreter. */
export async function ensurePython(progress: Progress): Promise<string> {
  const requirements = join(awsProgram, "requirements.txt");
  const digest = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex")
    .slice(0, 12);
  const folder = join(cacheFolder(), `python-${digest}`);
  const python = join(folder, "bin", "python");
  if (existsSync(python)) return python;
  await progress.step("install moto with pip", async () => {
    await replaceFolder(folder, async (fresh) => {
      await execa("/usr/bin/python3", ["-m", "venv", fresh]);
      const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--requirement", requirements];
      await execa(join(fresh, "bin", "python"), pip);
    });
  });
  return python;
}

/** Starts AWS unless it runs, removes every fault, and waits until it listens. */
export async function startAws(folder: string, facts: SandboxFacts, addresses: Addresses, python: string) {
  const aws = join(folder, "aws");
  await mkdir(aws, { recursive: true, mode: 0o700 });
  for (const file of ["aws.crt", "aws.key"]) await copyFile(join(folder, "pki", file), join(aws, file));
  await clearFaults(folder, addresses);
  const account = await renderAccount(folder, facts, addresses);
  await writeAtomic(join(aws, "account.json"), account, 0o600);
  await startDaemon(folder, {
    name: "aws",
    command: inNamespace(addresses.awsNamespace, [python, "-B", join(awsProgram, "server.py"), addresses.aws, aws]),
    restartOn: account + (await sourceText()),
  });
  const wait = { what: `AWS to listen on ${addresses.aws}:443`, deadlineMs: 30_000 };
  await waitFor({ ...wait, explain: () => lastLines(folder, "aws") }, () => isListening(addresses.aws));
}

/** Whether anything takes connections at port 443 of an address. */
export function isListening(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 443, timeout: 1000 });
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once("connect", () => settle(true));
    for (const event of ["error", "timeout"]) socket.once(event, () => settle(false));
  });
}

/** The faults in force. */
export async function readFaults(folder: string): Promise<AwsFaults> {
  try {
    return JSON.parse(await readFile(faultsPath(folder), "utf8"));
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
}

/** Changes the faults in force; AWS reads them again on its next request. */
export async function changeFaults(folder: string, change: (faults: AwsFaults) => AwsFaults): Promise<void> {
  await writeAtomic(faultsPath(folder), `${JSON.stringify(change(await readFaults(folder)), null, 2)}\n`);
}

/** Removes every fault: AWS is reachable and healthy. */
export async function clearFaults(folder: string, addresses: Addresses): Promise<void> {
  await setAwsReachability(addresses, "open");
  await rm(faultsPath(folder), { force: true });
}

/** ARNs of the trust anchor, whose authority is the sandbox's aws-ca, and of the profile, which accepts a role session name. */
export const rolesAnywhereArns = {
  trustAnchorArn: `arn:aws:rolesanywhere:us-east-1:${accountId}:trust-anchor/sandbox`,
  profileArn: `arn:aws:rolesanywhere:us-east-1:${accountId}:profile/sandbox`,
};

/** The second pair of keys of the user that may assume the node's role. */
export function rotatedKeys({ accessKeyId, secretAccessKey }: Pick<SandboxFacts, "accessKeyId" | "secretAccessKey">) {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return {
    accessKeyId: `AKIA${digest(accessKeyId).toString("hex").toUpperCase().slice(0, 16)}`,
    secretAccessKey: digest(secretAccessKey).toString("base64url").slice(0, 40),
  };
}

/** What AWS's program makes at its start. */
export async function renderAccount(folder: string, facts: SandboxFacts, addresses: Addresses): Promise<string> {
  const { accessKeyId, secretAccessKey } = facts;
  const ca = await readFile(join(folder, "pki", "ca.crt"));
  const trustAnchor = await readFile(join(folder, "pki", "aws-ca.crt"), "utf8");
  const account = {
    account: accountId,
    users: [
      { name: "satellite", accessKeyId, secretAccessKey },
      { name: "administrator", ...facts.administrator },
    ],
    role: { name: roleName, trusted: "satellite" },
    rotatedKeys: [rotatedKeys(facts)],
    rolesAnywhere: { ...rolesAnywhereArns, roleArn, trustAnchor },
    vpc: vpcPlans[facts.network],
    ...(facts.network === "vpc" ? { hypervisor: hypervisorPath(facts.slot) } : {}),
    cluster: {
      name: clusterName,
      version: facts.kubernetes.split(".").slice(0, 2).join("."),
      endpoint: `https://${endpointName(facts.clusterId)}`,
      certificateAuthority: { data: ca.toString("base64") },
      kubernetesNetworkConfig: { serviceIpv4Cidr: "10.100.0.0/16", ipFamily: "ipv4" },
      accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" },
      ...(facts.network === "direct" ? { remoteNetworkConfig: ownNetwork(addresses) } : {}),
    },
  };
  return JSON.stringify(account, null, 2);
}

/** The machine's own link: the cluster reaches it without a VPC. */
function ownNetwork({ node, prefixLength }: Addresses) {
  return { remoteNodeNetworks: [{ cidrs: [`${node}/${prefixLength}`] }] };
}

/** All of AWS's program: an edit of it restarts AWS at the next `up`. */
async function sourceText(): Promise<string> {
  const files = (await readdir(awsProgram)).filter((name) => name.endsWith(".py") && !name.startsWith("test_")).sort();
  return (await Promise.all(files.map((name) => readFile(join(awsProgram, name), "utf8")))).join("");
}

function faultsPath(folder: string): string {
  return join(folder, "aws", "faults.json");
}
