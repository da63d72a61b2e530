// `up`: from whatever is there to a sandbox whose every part runs. Each part converges by itself, so that a second
// `up` keeps what runs, and one after a crash starts what died.
import { join } from "node:path";
import { authorizeRole } from "./authentication.ts";
import { ensurePython, startAws } from "./aws.ts";
import { ensureCertificates } from "./certificates.ts";
import { choose, requireSupported } from "./choices.ts";
import { startCloudController } from "./cloud-controller.ts";
import { startControlPlane } from "./control-plane.ts";
import { ensurePackages, ensurePrometheus, ensureRegistry } from "./debian.ts";
import { down } from "./down.ts";
import {
  buildAwsAuthReader,
  buildCloudController,
  buildContainerd,
  buildCoreDns,
  buildKubeRbacProxy,
  buildMonitoringReaders,
  buildProxyRules,
  buildSigningHelper,
} from "./go-builds.ts";
import { importImages } from "./images.ts";
import { buildAgent, installAgent } from "./install-agent.ts";
import { startInstances } from "./instances/start.ts";
import { instanceBase } from "./instances/tree.ts";
import { startLambda } from "./lambda/start.ts";
import { rentedBase } from "./lambda/tree.ts";
import { ensureBaseTree } from "./machine/base.ts";
import { startUserContainer } from "./machine/docker.ts";
import { createTree } from "./machine-tree.ts";
import { ensureNetwork, inNamespace } from "./network.ts";
import { lastLines, startDaemon } from "./process.ts";
import { ensurePrograms } from "./programs.ts";
import { startRegistry } from "./registry.ts";
import { type Check, checkNode } from "./report.ts";
import { Sandbox } from "./sandbox.ts";
import { startServices } from "./services/services.ts";
import { claimSlot, heldSlot } from "./slots.ts";
import {
  type Choices,
  defaultKubernetes,
  newFacts,
  readFacts,
  type SandboxFacts,
  sandboxFolder,
  writeFacts,
} from "./state.ts";
import { Progress } from "./step.ts";
import { publishApiServer, startFabric } from "./vpc/start.ts";
import { renderWebDeployment, webName } from "./workload.ts";

/** What to bring up. Choices left out are those of the sandbox that is there, or the defaults. */
export interface UpOptions extends Partial<Choices> {
  readonly folder?: string;
  /** False leaves the daemon out: the machine is bare. */
  readonly agent?: boolean;
  /** AWS's cloud controller. */
  readonly cloudController?: boolean;
  /** How long a kubelet may be silent before its Node is not Ready, seconds; Kubernetes' own default is 50. */
  readonly graceSeconds?: number;
  /** The program of another etcd than Debian's, for a sandbox that is new. */
  readonly etcd?: string;
  /** An image registry under ECR's name, and a mirror of it. */
  readonly registry?: boolean;
  /** kube-proxy as EKS's add-on has it, cluster DNS, and an application in the VPC. */
  readonly services?: boolean;
  readonly progress?: Progress;
}

/** A sandbox that is up, and what was seen of its node; no checks without the daemon. */
export interface UpResult {
  readonly sandbox: Sandbox;
  readonly checks: readonly Check[];
  readonly progress: Progress;
}

/** Brings a sandbox up, and converges one that is there. @throws Error that names the part that failed. */
export async function up(options: UpOptions = {}): Promise<UpResult> {
  const progress = options.progress ?? new Progress();
  const folder = options.folder ?? sandboxFolder();
  const choices = choose(options, await readFacts(folder));
  requireSupported(choices, options);
  await ensurePackages(progress, choices.machine, choices.arch);
  await ensurePrograms(choices, progress);
  const python = await ensurePython(progress);
  await ensureBaseTree(progress, choices);
  if (choices.network === "vpc") await ensureBaseTree(progress, instanceBase);
  if (choices.lambda) await ensureBaseTree(progress, rentedBase);
  const sandbox = new Sandbox(folder, await claim(folder, choices, progress));
  const { facts, addresses, programs } = sandbox;

  await progress.step("network and certificates", async () => {
    await ensureNetwork(addresses, facts.clusterId);
    await sandbox.machine.connect();
    await ensureCertificates(folder, addresses, facts.clusterId);
  });
  await Promise.all([startCluster(sandbox, python, progress, options), startMachine(sandbox, progress)]);
  if (options.cloudController === true)
    await startCloudController(folder, facts, addresses, programs.kubernetes, progress);
  if (options.registry === true) await startRegistry(folder, addresses, progress);
  if (options.services === true) await startServices(sandbox, progress);
  if (options.agent === false || facts.lambda) return { sandbox, progress, checks: [] };
  return { sandbox, progress, checks: await joinNode(sandbox, progress) };
}

/** Installs and builds what every sandbox needs, so that several can be brought up at the same time. */
export async function prepare(progress = new Progress()): Promise<void> {
  await ensurePackages(progress);
  for (const containerd of ["debian", "2.2.0"] as const)
    await ensurePrograms({ kubernetes: defaultKubernetes, containerd }, progress);
  await ensurePython(progress);
  await ensureBaseTree(progress);
  await ensureBaseTree(progress, instanceBase);
  await ensureBaseTree(progress, rentedBase);
  await ensurePackages(progress, "vm");
  await ensureBaseTree(progress, { machine: "vm", debian: "bookworm" });
  await ensureRegistry(progress);
  await buildCloudController(progress);
  await buildSigningHelper(progress);
  await buildAwsAuthReader(progress);
  await buildProxyRules(progress);
  await buildContainerd("1.7.24", progress);
  await buildCoreDns(progress);
  await ensurePrometheus(progress);
  await buildKubeRbacProxy(progress);
  await buildMonitoringReaders(progress);
}

async function startMachine(sandbox: Sandbox, progress: Progress): Promise<void> {
  if (sandbox.facts.lambda) return progress.step("Lambda", () => startLambda(sandbox.folder, sandbox.addresses));
  await progress.step("the machine's files", () => createTree(sandbox));
  await progress.step("the machine boots", () => sandbox.machine.boot());
  await progress.step("images in the machine", () => importImages(sandbox.machine, sandbox.facts));
  if (sandbox.facts.docker) await progress.step("the user's container", () => startUserContainer(sandbox.machine));
}

async function startCluster(sandbox: Sandbox, python: string, progress: Progress, options: UpOptions) {
  const { folder, facts, addresses, programs } = sandbox;
  await progress.step("AWS", () => startAws(folder, facts, addresses, python));
  if (addresses.vpc) {
    await progress.step("the VPC's fabric", () => startFabric(folder, addresses));
    await startInstances(folder, addresses.vpc);
  }
  await progress.step("control plane", () => {
    const { etcd = programs.etcd, graceSeconds } = options;
    return startControlPlane(folder, addresses, { ...programs, etcd }, graceSeconds);
  });
  if (addresses.vpc) await publishApiServer(folder, programs.kubernetes);
  await progress.step("authentication through AWS", () => authorizeRole(folder, facts, addresses, programs));
  const approver = join(import.meta.dirname, "serving-approver.ts");
  const bin = programs.kubernetes;
  await startDaemon(folder, {
    name: "serving-approver",
    command: inNamespace(addresses.controlNamespace, [process.execPath, approver, folder, bin]),
  });
}

async function joinNode(sandbox: Sandbox, progress: Progress): Promise<readonly Check[]> {
  const dist = await progress.step("build the daemon", buildAgent);
  await progress.step("install the daemon", () => installAgent(sandbox, dist));
  await progress.step("node Ready", () => waitForReady(sandbox));
  await progress.step("Deployment available", async () => {
    await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
    await sandbox.kubectl(["rollout", "status", `deployment/${webName}`, `--timeout=${readyMs(sandbox) / 1000}s`]);
  });
  return progress.step("page, logs and exec", () => checkNode(sandbox));
}

/** An emulated processor is ten times slower. */
function readyMs({ facts }: Sandbox): number {
  return facts.machine === "vm" ? 240_000 : 60_000;
}

async function waitForReady(sandbox: Sandbox): Promise<void> {
  await sandbox.waitForNode(undefined, readyMs(sandbox)).catch(async (error: Error) => {
    const journal = ["journalctl", "--unit=eks-satellite", "--lines=20", "--no-pager", "--output=cat"];
    // A machine that hangs does not answer this either.
    const asked = sandbox.box(journal, { mayFail: true, timeoutMs: 30_000 }).then(({ stdout }) => stdout);
    const daemon = await asked.catch(({ message }: Error) => `none: ${message}`);
    throw new Error(
      `${error.message}\nthe daemon's last lines:\n${daemon}\n${await lastLines(sandbox.folder, "machine", 30)}`,
    );
  });
}

/** The facts of the sandbox; one of other choices, or of an earlier boot of the host, makes way for a new one. */
async function claim(folder: string, choices: Choices, progress: Progress): Promise<SandboxFacts> {
  const present = await readFacts(folder);
  const held = await heldSlot(folder);
  // A sandbox of an earlier commit may lack keys that this one has.
  const isComplete = present?.administrator !== undefined;
  const isSame =
    isComplete && (Object.keys(choices) as (keyof Choices)[]).every((key) => present[key] === choices[key]);
  if (present && isSame && present.slot === held) return present;
  if (present || held !== undefined) await progress.step("take the old sandbox down", () => down(folder));
  const facts = newFacts(await claimSlot(folder), choices);
  await writeFacts(folder, facts);
  return facts;
}
