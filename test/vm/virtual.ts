// What the tests of test/vm share: a sandbox whose machine has a kernel of its own, and the page that its node serves.
import { join } from "node:path";
import { Satellite } from "../e2e/satellite.ts";
import { webPage } from "../sandbox/images.ts";
import { configPath } from "../sandbox/install-agent.ts";
import { VirtualMachine } from "../sandbox/machine/virtual.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { type UpOptions, up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { webName } from "../sandbox/workload.ts";

/** The one sandbox of these tests: one virtual machine at a time is what two cores can carry. */
export const FOLDER = join(cacheFolder(), "vm-sandbox");

/** Without KVM, and beside other work, a node needs this to be healthy again. */
export const HEALTHY_MS = 240_000;

/** A satellite whose machine can be suspended. */
export interface VirtualSatellite extends Satellite {
  readonly virtual: VirtualMachine;
}

/** Brings the sandbox up with a virtual machine, joined and serving its page. @throws Error when it does not join */
export async function bringUpVirtual(options: Omit<UpOptions, "folder" | "machine"> = {}): Promise<VirtualSatellite> {
  const { sandbox, checks } = await up({ network: "direct", ...options, folder: FOLDER, machine: "vm" });
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0)
    throw new Error(`the sandbox came up without: ${failed.map(({ what, value }) => `${what} (${value})`).join(", ")}`);
  const virtual = sandbox.machine;
  if (!(virtual instanceof VirtualMachine)) throw new Error(`${FOLDER} has a machine of another kind`);
  const { stdout } = await sandbox.box(["cat", configPath]);
  return Object.assign(new Satellite(sandbox, stdout), { virtual });
}

/** Content that is not flushed stays in memory, as on a machine that has much of it: with 2 GB the kernel would soon write it. */
const KEEP_UNFLUSHED = `vm.dirty_background_ratio = 90
vm.dirty_ratio = 95
vm.dirty_expire_centisecs = 360000
vm.dirty_writeback_centisecs = 360000
`;

/** From now on a power cut loses what a program has not flushed. */
export async function keepUnflushed({ sandbox }: Satellite): Promise<void> {
  await sandbox.machine.write("/etc/sysctl.d/10-page-cache.conf", KEEP_UNFLUSHED);
  await sandbox.box(["/bin/sh", "-ec", "sync; sysctl --quiet --system"]);
}

/** Makes the page's pod one that kubelet does not evict and the kernel ends last, as a node that is short of something should. */
export async function makeCritical(satellite: Satellite): Promise<void> {
  const patch = { spec: { template: { spec: { priorityClassName: "system-node-critical" } } } };
  const deployment = `deployment/${webName}`;
  await satellite.sandbox.kubectl(["patch", deployment, `--patch=${JSON.stringify(patch)}`]);
  await satellite.sandbox.kubectl(["rollout", "status", deployment, `--timeout=${HEALTHY_MS / 1000}s`]);
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
}

/** Waits until the node's page is served. @throws Error when it is not within 2 minutes */
export async function untilPage({ sandbox }: Satellite): Promise<void> {
  await waitFor({ what: "the page", deadlineMs: 120_000, intervalMs: 500 }, async () => {
    const response = await fetch(`http://${sandbox.addresses.node}:8080/`, { signal: AbortSignal.timeout(5000) });
    return (await response.text()) === webPage;
  });
}
