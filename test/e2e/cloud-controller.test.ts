// AWS's real cloud controller deletes Nodes that are not Ready and that AWS does not know: ours stay, of either identity, and come back.
// NOT_READY_SECONDS holds them for longer than the controller's few looks that are enough every day: 300 is five minutes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { cloudController, nodeMonitorSeconds } from "../sandbox/cloud-controller.ts";
import { down } from "../sandbox/down.ts";
import { configPath } from "../sandbox/install-agent.ts";
import { logPath } from "../sandbox/process.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { accountId, cacheFolder, nodeName } from "../sandbox/state.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { webName, webPort } from "../sandbox/workload.ts";
import { Satellite } from "./satellite.ts";

const FOLDER = join(cacheFolder(), "cloud-controller-sandbox");
const NOT_READY_MS = Number(process.env.NOT_READY_SECONDS ?? 4 * nodeMonitorSeconds) * 1000;
/** A look comes the period after the end of the last: some fewer than the time has periods. */
const ENOUGH_LOOKS = Math.floor((0.75 * NOT_READY_MS) / 1000 / nodeMonitorSeconds);
/** kubelet renews its lease every 10 s. */
const GRACE_SECONDS = 20;
const FARGATE_NAME = "fargate-ip-10-0-2-27.ec2.internal";
const USER = `arn:aws:iam::${accountId}:user/satellite`;

let sandbox: Sandbox;
let satellite: Satellite;
before(async () => {
  await down(FOLDER);
  ({ sandbox } = await up({ folder: FOLDER, cloudController: true, graceSeconds: GRACE_SECONDS }));
  satellite = new Satellite(sandbox, (await sandbox.box(["cat", configPath])).stdout);
});
after(() => down(FOLDER));

const controllerLog = () => readFile(logPath(FOLDER, cloudController), "utf8");
const isThere = async (name: string) => (await sandbox.kubectl(["get", "node", name, "--ignore-not-found"])) !== "";
const page = async () => (await fetch(`http://${sandbox.addresses.node}:${webPort}/`)).status;

/** How often the controller has looked at a Node and could not look it up. */
const looksAt = async (name: string) =>
  (await controllerLog()).split("\n").filter((line) => line.includes(`error checking if node ${name} exists`)).length;

/** Keeps daemon and kubelet away for the time, sees the Node stay, brings them back. */
async function surviveAbsence(name: string): Promise<void> {
  const { uid } = (await sandbox.waitForNode(undefined, 60_000, name)).metadata;
  await satellite.systemctl("stop");
  const kubelets = await sandbox.box(["pgrep", "--exact", "kubelet"], { mayFail: true });
  assert.equal(kubelets.exitCode, 1, `kubelet still runs: ${kubelets.stdout}`);
  await sandbox.waitForNode((node) => statusOf(node) !== "True", 90_000, name);
  const before = await looksAt(name);
  await delay(NOT_READY_MS);
  const { metadata } = await sandbox.node(name);
  assert.equal(metadata.uid, uid, "the same Node is there");
  const looks = (await looksAt(name)) - before;
  assert.ok(looks >= ENOUGH_LOOKS, `the controller looked ${looks} times, not ${ENOUGH_LOOKS}`);
  await satellite.systemctl("start");
  const back = await sandbox.waitForNode(undefined, 90_000, name);
  assert.equal(back.metadata.uid, uid);
}

function statusOf(node: Awaited<ReturnType<Sandbox["node"]>>): string | undefined {
  return node.status?.conditions?.find(({ type }) => type === "Ready")?.status;
}

test("the controller does delete: a Node of an instance that is not there, and one of an interface that is attached to nothing", async () => {
  for (const [name, id] of [
    ["gone", "i-0123456789abcdef0"],
    ["unattached", FARGATE_NAME],
  ] as const) {
    const spec = { providerID: `aws:///us-east-1a/${id}` };
    await sandbox.kubectl(
      ["create", "--filename=-"],
      stringify({ apiVersion: "v1", kind: "Node", metadata: { name }, spec }),
    );
    const wait = { what: `Node ${name} to be deleted`, deadlineMs: 60_000, explain: controllerLog };
    await waitFor(wait, async () => !(await isThere(name)));
  }
});

test("a node of identity hybrid stays while its machine is away, and is Ready again with it", async () => {
  await surviveAbsence(nodeName);
  assert.equal(await page(), 200);
});

test("a node of identity fargate stays while its machine is away, and is Ready again with it", async () => {
  const mapUsers = stringify([{ userarn: USER, username: `system:node:${FARGATE_NAME}`, groups: ["system:nodes"] }]);
  await sandbox.kubectl([
    "patch",
    "configmap",
    "aws-auth",
    "--namespace=kube-system",
    `--patch=${JSON.stringify({ data: { mapUsers } })}`,
  ]);
  await satellite.configure({
    node: { identity: "fargate", eni: "eni-086d663f3201384e3", name: FARGATE_NAME },
    credentials: { assumeRole: null },
  });
  const { spec } = await sandbox.waitForNode(undefined, 90_000, FARGATE_NAME);
  assert.match(spec?.providerID ?? "", /^eks-satellite:.*\/eni-086d663f3201384e3$/);
  // Its earlier Node is nobody's any more.
  await sandbox.kubectl(["delete", "node", nodeName]);
  await sandbox.kubectl(["delete", "pod", `--selector=app=${webName}`, "--force", "--grace-period=0"]);
  await sandbox.kubectl(["rollout", "status", `deployment/${webName}`, "--timeout=60s"]);
  await surviveAbsence(FARGATE_NAME);
  // Containers of the earlier name may have held the port until kubelet, back again, ended them: the pod follows after its back-off.
  await waitFor({ what: "the page", deadlineMs: 60_000 }, async () => (await page().catch(() => 0)) === 200);
});
