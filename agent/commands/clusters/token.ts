// `eks-satellite token`: a token of the administrator's AWS keys for kubectl, as `aws eks get-token` prints it.
import type { Command } from "commander";
import { readKeys } from "../../admin/cluster-access.ts";
import { mintEksToken } from "../../credentials/eks-token.ts";
import type { AwsKeys } from "../../host/aws.ts";
import { checkCluster } from "../admin-changes.ts";
import { type ChainOptions, readChainKeys } from "../admin-clients.ts";
import type { LaptopContext, Print } from "../context.ts";
import { parseRegion, profileOption } from "../options.ts";

export interface TokenOptions extends ChainOptions {
  readonly cluster: string;
}

export interface TokenContext {
  readonly readKeys: () => Promise<AwsKeys>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The versions of client.authentication.k8s.io; kubectl says in this variable which one it wants. */
const VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"] as const;
const REQUEST_VARIABLE = "KUBERNETES_EXEC_INFO";
/** A cluster's description, CA included, may be in it. */
const MAX_REQUEST_LENGTH = 1024 * 1024;

/** Adds `token`. */
export function register(program: Command, { host, environment, print }: LaptopContext): void {
  program
    .command("token")
    .description("administrator: print a token for a cluster as an ExecCredential, which kubectl asks for")
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .addOption(profileOption())
    .action(async (options: TokenOptions) => {
      const context = { readKeys: () => readChainKeys(options), environment, now: host.clock.now };
      await tokenCommand(context, options, print);
    });
}

/** Prints an ExecCredential. AWS is asked for nothing but the keys. @throws cluster-invalid, credentials-missing */
export async function tokenCommand(context: TokenContext, options: TokenOptions, print: Print): Promise<void> {
  const cluster = checkCluster(options);
  const { environment, now } = context;
  const keys = await readKeys(context);
  const { value, expiresAtMs } = await mintEksToken(keys, cluster, now());
  const expirationTimestamp = new Date(expiresAtMs).toISOString().replace(/\.\d+Z$/, "Z");
  const document = {
    apiVersion: wantedVersion(environment[REQUEST_VARIABLE]),
    kind: "ExecCredential",
    spec: {},
    status: { expirationTimestamp, token: value.reveal() },
  };
  print(`${JSON.stringify(document)}\n`);
}

/** kubectl refuses an answer of another version than the one that its kubeconfig names. */
function wantedVersion(request: string | undefined): (typeof VERSIONS)[number] {
  const [latest] = VERSIONS;
  if (request === undefined || request.length > MAX_REQUEST_LENGTH) return latest;
  try {
    const { apiVersion } = JSON.parse(request) as { readonly apiVersion?: unknown };
    return VERSIONS.find((version) => version === apiVersion) ?? latest;
  } catch {
    return latest; // Another program's variable: kubectl always writes JSON.
  }
}
