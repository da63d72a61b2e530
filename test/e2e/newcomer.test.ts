// A newcomer's way by the documentation alone: first node, first GPU pod, monitoring, upgrade, removal. The blocks of the pages are run in their
// order, as they stand there; what a test must put in place of the world outside is named beside it.
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readGpuMachine } from "../fakes/gpu-machine.ts";
import { Laptop, type Outcome } from "../sandbox/administrator.ts";
import { busyboxFiles, importMissing } from "../sandbox/images.ts";
import { accountId, cacheFolder, clusterName, nodeName } from "../sandbox/state.ts";
import { waitFor } from "../sandbox/wait.ts";
import { BareMachine, EXAMPLE_ROLE, SCRIPT_URL, TLS_OPTIONS } from "./bare-machine.ts";
import { documentedBlock, documentedBlocks } from "./documented-blocks.ts";
import { standInGpus } from "./gpu-stand-in.ts";
import { letAdministratorIn } from "./network/connected.ts";
import { Satellite } from "./satellite.ts";

const FOLDER = join(cacheFolder(), "newcomer-sandbox");
const MANIFESTS = join(import.meta.dirname, "../../packaging/kubernetes");
const [OLD, NEW] = ["0.0.9", "0.1.0"] as const;
const BUSYBOX = "public.ecr.aws/docker/library/busybox:1.36";
const UBUNTU = "public.ecr.aws/docker/library/ubuntu:22.04";
const UUID = "GPU-5c1b0000-0000-4000-8000-000000000001";

let machine: BareMachine;
let laptop: Laptop;
let kubeconfig: string;

before(async () => {
  machine = await BareMachine.bringUp(FOLDER, [OLD, NEW]);
  await machine.mirror.setLatest(OLD);
  laptop = await Laptop.open(machine.sandbox);
  await laptop.addProgram(join(machine.sandbox.programs.kubernetes, "kubectl"));
  await letAdministratorIn(machine.sandbox, laptop);
  kubeconfig = await laptop.kubeconfig();
  await mkdir(join(laptop.home, "manifests"));
  for (const name of ["nvidia-device-plugin.yaml", "gpu-test-pod.yaml"]) {
    await copyFile(join(MANIFESTS, name), join(laptop.home, "manifests", name));
    await chmod(join(laptop.home, "manifests", name), 0o644);
  }
  // NVIDIA's runtime brings nvidia-smi into the container; the stand-in of that runtime brings nothing.
  const smi = {
    path: "usr/bin/nvidia-smi",
    content: Buffer.from("#!/bin/sh\necho $NVIDIA_VISIBLE_DEVICES\n"),
    mode: 0o755,
  };
  const files = await busyboxFiles();
  await importMissing(machine.sandbox.machine, [
    { tag: BUSYBOX, files, entrypoint: [] },
    { tag: UBUNTU, files: [...files, smi], entrypoint: [] },
  ]);
});
after(async () => {
  await laptop?.close();
  await machine?.close();
});

const names = { "my-cluster": clusterName, "gpu-1": nodeName };
const firstNode = () =>
  documentedBlocks("firstNode", {
    [TLS_OPTIONS]: "",
    [SCRIPT_URL]: `${machine.url}/install.sh`,
    [EXAMPLE_ROLE]: `arn:aws:iam::${accountId}:role/eks-satellite-${nodeName}`,
    "AWS_ACCESS_KEY_ID=…\nAWS_SECRET_ACCESS_KEY=…\n": machine.renderKeys(),
    "user/gpu-machines": "user/satellite",
    "111122223333": accountId,
    ...names,
  });
const firstGpuPod = () =>
  documentedBlocks("firstGpuPod", {
    "https://raw.githubusercontent.com/eks-satellite/eks-satellite/main/packaging/kubernetes": "manifests",
    "gpu-1": nodeName,
  });

/** A block on the laptop. @throws when it does not exit with 0 */
async function onLaptop(block: string, typed?: string): Promise<string> {
  const options = { environment: { KUBECONFIG: kubeconfig }, timeoutMs: 150_000 };
  const outcome: Outcome = await laptop.run(`set -e; ${block}`, typed === undefined ? options : { ...options, typed });
  assert.equal(outcome.exitCode, 0, outcome.stdout + outcome.stderr);
  return outcome.stdout;
}

/** A block on the machine. @throws when it does not exit with 0 */
async function onMachine(block: string, answer?: string): Promise<string> {
  const { exitCode, output } = await machine.run(block, answer);
  assert.equal(exitCode, 0, output);
  return output;
}

test("first node, 1: the machine is let in, and the same line again has nothing to do", async () => {
  const [authorize = ""] = firstNode();
  await onLaptop(authorize, "y\n");
  assert.match(await onLaptop(authorize), /^nothing to do/m);
});

test("first node, 2 and 3: it is installed, and says that it is ready; the Node has the same verdict", async () => {
  const [, keys = "", install = "", , status = "", look = ""] = firstNode();
  await onMachine(keys);
  await onMachine(install);
  assert.match(await onMachine(status), /^● ready/m);
  await waitFor({ what: "SatelliteHealthy on the Node", deadlineMs: 60_000 }, async () =>
    /SatelliteHealthy +True/.test(await onLaptop(look)),
  );
});

test("first node, 4: the pod answers on the machine", async () => {
  const pod = firstNode()[6] ?? "";
  await onLaptop(pod);
  assert.match(await onMachine("curl --silent http://localhost:8080/"), /^hello$/m);
});

test("first node, 5: what is broken is repaired within 30 seconds, and the journal says so", async () => {
  const [remove = "", follow = ""] = (firstNode()[7] ?? "").split("\n");
  await onMachine(remove);
  // A person would end it with Ctrl-C.
  const { output } = await machine.run(`timeout 40 ${follow.replace("sudo ", "")} | grep --max-count=1 "is repaired"`);
  assert.match(output, /10-host-network\.conf was changed by another process and is repaired/);
  const events = "kubectl get events --field-selector=reason=Repaired --output=jsonpath='{.items[*].message}'";
  const wait = { what: "the event", deadlineMs: 30_000, intervalMs: 1000 };
  await waitFor(wait, async () => /10-host-network\.conf was changed/.test(await onLaptop(events)));
  assert.match(await onMachine("ls /etc/cni/net.d"), /^10-host-network\.conf$/m);
});

test("first GPU pod, 1 to 3: driver and toolkit are found, and the cluster offers the GPU", async () => {
  const [driver = "", check = "", plugin = "", , allocatable = ""] = firstGpuPod();
  // Driver, toolkit and the plugin's container are stand-ins: no GPU is here, and NVIDIA's package repository is out of reach.
  await standInGpus(new Satellite(machine.sandbox, ""), readGpuMachine("a10"), [UUID]);
  const [nvidiaSmi = "", toolkit = ""] = driver.split("\n");
  assert.match(toolkit, /^sudo apt-get install nvidia-container-toolkit /);
  await onMachine(nvidiaSmi);
  const wait = { what: "both checks to be ok", deadlineMs: 60_000, intervalMs: 2000 };
  await waitFor(wait, async () => /2 ok, 0 warnings, 0 failed/.test((await machine.run(check)).output));
  assert.match(await onLaptop(plugin), /daemonset\.apps\/nvidia-device-plugin created/);
  const offered = { what: "the GPU to be allocatable", deadlineMs: 60_000, intervalMs: 1000 };
  await waitFor(offered, async () => (await onLaptop(allocatable)).trim() === "1");
});

test("first GPU pod, 4: the pod is given the GPU and ends well", async () => {
  const pod = firstGpuPod()[5] ?? "";
  assert.match(await onLaptop(pod), new RegExp(`^${UUID}$`, "m"));
});

test("monitoring: the Node's condition, as kubectl shows it in a column", async () => {
  const shown = await onLaptop(documentedBlock("monitorCluster", { "gpu-1": nodeName }));
  assert.match(shown, new RegExp(`^NAME +SATELLITE\\n${nodeName} +True$`, "m"));
});

test("upgrade: the newer release, with the pod untouched", async () => {
  await machine.mirror.setLatest(NEW);
  await onMachine(documentedBlock("upgrade", { [TLS_OPTIONS]: "", [SCRIPT_URL]: `${machine.url}/install.sh` }));
  assert.match(await onMachine("eks-satellite version"), /^0\.1\.0$/m);
  const restarts =
    "kubectl get pod hello --output=jsonpath='{.status.phase} {.status.containerStatuses[0].restartCount}'";
  assert.equal(await onLaptop(restarts), "Running 0");
});

test("removal: uninstalled on the machine, revoked and deleted in the cluster, nothing is left", async () => {
  const uninstall = documentedBlock("uninstall", {});
  const output = await onMachine(uninstall, "y\n");
  assert.match(output, /eks-satellite is removed/);
  assert.match(output, new RegExp(`kubectl delete node ${nodeName}`));
  assert.equal(await machine.sh("command -v eks-satellite || ls -d /opt/eks-satellite* 2>/dev/null || true"), "");
  await onLaptop(`kubectl delete node ${nodeName}`);
  const revoke = documentedBlocks("letIn", {
    "user/gpu-machines": "user/satellite",
    "111122223333": accountId,
    ...names,
  }).find((block) => block.includes("eks-satellite revoke"));
  await onLaptop(revoke ?? "", "y\n");
  assert.match(await onLaptop(revoke ?? ""), /^nothing to do|there is no/m);
});
