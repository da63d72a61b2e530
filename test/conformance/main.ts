// Runs Kubernetes' conformance tests on a cluster whose one node is a satellite with network.cni: routed, and prints what came of them.
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, defaultKubernetes } from "../sandbox/state.ts";
import { Progress } from "../sandbox/step.ts";
import { openCluster } from "./cluster.ts";
import { importAll, listImages, makeImages } from "./images.ts";
import { knownFailures } from "./known.ts";
import { buildEtcd, buildSuite } from "./programs.ts";
import { readResults } from "./results.ts";
import { runSuite } from "./suite.ts";
import { judge, renderTable } from "./table.ts";
import { ensureUserland } from "./userland.ts";

const program = new Command("conformance")
  .description("run Kubernetes' conformance tests on a satellite of the sandbox, and print what came of them")
  .argument("[words...]", "only the tests whose name has one of these regular expressions")
  .option("--beside <count>", "how many tests run beside each other", "4")
  .option("--minutes <count>", "how long all of them may take", "180")
  .option("--output <folder>", "where log and report go", join(cacheFolder(), "conformance-results"))
  .option("--keep", "leave the sandbox up, for the next run to take over");
program.parse();
const options = program.opts<{ beside: string; minutes: string; output: string; keep?: true }>();

const progress = new Progress();
const programs = await buildSuite(defaultKubernetes, progress);
const etcd = await buildEtcd(progress);
const userland = await ensureUserland(progress);
const cluster = await progress.step("a cluster with one satellite", () =>
  openCluster(join(cacheFolder(), "kubernetes-conformance-sandbox"), etcd),
);
try {
  const { sandbox } = cluster;
  await progress.step("the images of the tests", () => giveImages(sandbox));
  const results = readResults(await readFile(await progress.step("the tests", () => runTests(sandbox)), "utf8"));
  const judgement = judge(results, knownFailures);
  process.stdout.write(renderTable(results, judgement));
  if (judgement.mended.length > 0 || judgement.failed.some(({ known }) => known === undefined)) process.exitCode = 1;
} finally {
  if (options.keep === undefined) await cluster.close();
}

async function giveImages({ machine }: Sandbox): Promise<void> {
  await importAll(machine, await makeImages(await listImages(programs), { programs, userland, etcd }));
}

/** Returns the path of the report. */
async function runTests(sandbox: Sandbox): Promise<string> {
  const folder = resolve(options.output);
  await mkdir(folder, { recursive: true });
  return runSuite({
    programs,
    folder,
    kubeconfig: sandbox.kubeconfig,
    kubectl: join(sandbox.programs.kubernetes, "kubectl"),
    words: program.args,
    beside: Number(options.beside),
    timeoutMinutes: Number(options.minutes),
  });
}
