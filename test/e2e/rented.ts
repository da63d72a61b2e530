// A sandbox whose machine is rented: an administrator's laptop with AWS's and Lambda's keys, and the release that a machine installs.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VERSION } from "../../agent/version.ts";
import { Laptop, type LaptopOptions, type Outcome } from "../sandbox/administrator.ts";
import { down } from "../sandbox/down.ts";
import { isThere, type LambdaAccount, readAccount } from "../sandbox/lambda/account.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, region } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { awsClients } from "../sandbox/vpc/aws-clients.ts";
import { AwsAccount } from "./network/aws-account.ts";
import { letAdministratorIn } from "./network/connected.ts";
import { claimSandbox } from "./pool.ts";
import { ReleaseMirror } from "./release-mirror.ts";

export const CLUSTER = `--cluster ${clusterName} --region ${region}`;

/** What only the sandbox needs at a launch: what its host forbids to containerd, and the authority of its AWS. */
export const PARTICULAR =
  "--ca aws-ca.crt --set 'containerd.config.plugins.\"io.containerd.grpc.v1.cri\".restrict_oom_score_adj=true'";

/** Rate limits and a first boot take their time. */
const TIMEOUT_MS = 170_000;

/** What a launch and its end may touch. */
export interface Picture {
  readonly [part: string]: unknown;
}

export class Rented {
  readonly sandbox: Sandbox;
  readonly laptop: Laptop;
  readonly #mirror: ReleaseMirror;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(
    sandbox: Sandbox,
    laptop: Laptop,
    mirror: ReleaseMirror,
    environment: Readonly<Record<string, string>>,
  ) {
    this.sandbox = sandbox;
    this.laptop = laptop;
    this.#mirror = mirror;
    this.#environment = environment;
  }

  /** Brings it up anew, without a machine. */
  static async bringUp(): Promise<Rented> {
    const folder = join(cacheFolder(), await claimSandbox("vpc"));
    await down(folder);
    const [{ sandbox }, mirror] = await Promise.all([up({ folder, lambda: true }), ReleaseMirror.create([VERSION])]);
    const { vpc } = sandbox.addresses;
    if (vpc === undefined) throw new Error(`${folder} has no VPC`);
    const url = await mirror.listen(vpc.wayOut.host);
    const laptop = await Laptop.open(sandbox);
    await laptop.addProgram(join(sandbox.programs.kubernetes, "kubectl"));
    const { accessKeyId, secretAccessKey } = sandbox.facts;
    await laptop.addFile("keys", `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`);
    await letAdministratorIn(sandbox, laptop);
    const { key } = await lambdaAccount(sandbox);
    const environment = {
      ...{ LAMBDA_API_KEY: key, EKS_SATELLITE_BASE_URL: url, EKS_SATELLITE_ALLOW_HTTP: "yes" },
      EKS_SATELLITE_ALLOWED_SIGNERS: await laptop.addFile("allowed_signers", await readFile(mirror.allowedSigners)),
    };
    return new Rented(sandbox, laptop, mirror, environment);
  }

  /** Runs a line of shell on the laptop. */
  run(line: string, options: LaptopOptions = {}): Promise<Outcome> {
    return this.laptop.run(line, { timeoutMs: TIMEOUT_MS, environment: this.#environment, ...options });
  }

  /** Everything that is there in AWS, the cluster and Lambda. */
  async picture(): Promise<Picture> {
    const { sandbox } = this;
    const account = await AwsAccount.open(await awsClients(sandbox));
    const entries = JSON.parse(await readFile(join(sandbox.folder, "aws", "access-entries.json"), "utf8")).mapRoles;
    const kinds = "nodes,deployments,pods,configmaps,clusterroles,clusterrolebindings,roles,rolebindings";
    const objects = await sandbox.kubectl(["get", kinds, "--all-namespaces", "--output=name"]);
    const { machines, rulesets, sshKeys, rules } = await lambdaAccount(sandbox);
    return {
      ...(await account.picture()),
      entries,
      // Controllers make these in their own time.
      objects: objects
        .split("\n")
        .filter((name) => !/kube-root-ca|legacy-service-account/.test(name))
        .toSorted(),
      lambda: { machines: machines.filter(isThere), rulesets, sshKeys, rules },
    };
  }

  async close(): Promise<void> {
    await this.laptop.close();
    await this.#mirror.close();
    await down(this.sandbox.folder);
  }
}

/** @throws Error when there is none */
export async function lambdaAccount({ folder }: Sandbox): Promise<LambdaAccount> {
  const account = await readAccount(folder);
  if (account === undefined) throw new Error(`the sandbox in ${folder} has no Lambda`);
  return account;
}
