// A machine that gets eks-satellite by apt, with the documentation's own lines: installed, upgraded beside a pod, and purged without a download.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeThrowAwayKey, type ThrowAwayKey } from "../../scripts/release/apt/signature.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder, clusterName, debianSuites, nodeName, roleArn } from "../sandbox/state.ts";
import { renderWebDeployment } from "../sandbox/workload.ts";
import { BareMachine, EXAMPLE_ROLE, TLS_OPTIONS } from "./bare-machine.ts";
import { APT_URL, documentedBlock, documentedBlocks } from "./documented-blocks.ts";
import { assertSamePicture, type Picture, takePicture } from "./picture.ts";

/** Debian 13's apt verifies with sqv, those before it with gpgv. */
const SUITE = debianSuites.find((suite) => suite === process.env.EKS_SATELLITE_DEBIAN) ?? "bookworm";
const FOLDER = join(cacheFolder(), `apt-sandbox${SUITE === "bookworm" ? "" : `-${SUITE}`}`);
const [OLD, NEW] = ["0.0.9", "0.1.0"] as const;
/** What dpkg and apt keep of their work, and what the documented removal takes that was there before. */
const LEFT_OUT = [
  ...["/var/lib/dpkg", "/var/log/dpkg.log", "/var/lib/apt", "/var/cache/apt", "/var/log/apt"],
  "/etc/eks-satellite",
];

let machine: BareMachine;
let sandbox: Sandbox;
let signer: ThrowAwayKey;
let picture: Picture;

before(async () => {
  signer = await makeThrowAwayKey();
  machine = await BareMachine.bringUp(FOLDER, [OLD, NEW], { debian: SUITE });
  ({ sandbox } = machine);
  await machine.mirror.publishByApt(OLD, signer);
  await machine.write("/root/keys", machine.renderKeys());
  // The machine's own sources are no matter of this test.
  await machine.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*");
  picture = await takePicture(sandbox, LEFT_OUT);
});
after(async () => {
  await machine?.close();
  await signer?.[Symbol.asyncDispose]();
});

const sh = (script: string) => machine.sh(script);

/** Runs lines of a page, and returns their output. */
async function run(block: string): Promise<string> {
  const { exitCode, output } = await machine.run(block);
  assert.equal(exitCode, 0, output);
  return output;
}

async function podProcess(): Promise<string> {
  const path = "jsonpath={.items[0].status.containerStatuses[0].containerID}";
  const id = (await sandbox.kubectl(["get", "pods", "--selector=app=web", `--output=${path}`])).split("//")[1];
  const task = `ctr --namespace=k8s.io tasks list | awk '$1 == "${id}" { print $2 }'`;
  const identity = await sh(`pid=$(${task}) && echo "$pid $(cut -d' ' -f22 /proc/$pid/stat)"`);
  assert.match(identity, /^\d+ \d+$/);
  return identity;
}

test("the documented lines install it, start nothing by themselves, and then make the machine a node", async () => {
  const [install = "", configure = ""] = documentedBlocks("apt", {
    ...{ [TLS_OPTIONS]: "", [APT_URL]: `${machine.url}/apt`, [EXAMPLE_ROLE]: roleArn },
    ...{ "my-cluster": clusterName, "gpu-1": nodeName },
  });
  await run(install);
  assert.equal(await sh("eks-satellite version"), OLD);
  assert.equal(await sh("systemctl is-active eks-satellite || true"), "inactive");
  assert.match(await sh("apt-cache policy eks-satellite"), /500 http:\/\/\S+\/apt stable\/main amd64 Packages/);
  await run(configure);
  await sandbox.waitForNode();
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
});

test("apt-get upgrade takes the next release: the daemon is restarted, and the pod runs on", async () => {
  const pid = () => sh("systemctl show eks-satellite --property=MainPID --value");
  const [before, pod] = [await pid(), await podProcess()];
  await machine.mirror.publishByApt(NEW, signer);
  await run("apt-get update && apt-get upgrade --yes");
  assert.equal(await sh("eks-satellite version"), NEW);
  assert.notEqual(await pid(), before);
  await sandbox.waitForNode();
  assert.equal(await podProcess(), pod);
});

test("the documented removal works where no packet leaves the machine, and restores it", async () => {
  const silence = "OUTPUT ! --out-interface lo --jump DROP";
  await sh(`iptables --insert ${silence}`);
  const startedAt = performance.now();
  const output = await run(documentedBlock("aptRemove", {}));
  const seconds = (performance.now() - startedAt) / 1000;
  await sh(`iptables --delete ${silence}`);
  assert.match(output, /the pods were not evicted: [\s\S]*kubectl delete node [\s\S]*The machine is restored/);
  assert.ok(seconds < 90, `${seconds} s`);
  assert.equal(await sh("ls -d /etc/eks-satellite /var/lib/eks-satellite /opt/eks-satellite* || true"), "");
  assertSamePicture(await takePicture(sandbox, LEFT_OUT), picture);
});
