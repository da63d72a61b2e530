// How long the daemon takes to a Ready node, next to a kubelet that was started by hand, on the same machine in the same run.
import {
  prepareKubelet,
  prepareScript,
  removeKubelet,
  runScript,
  startKubelet,
  stopKubelet,
} from "../sandbox/hand-kubelet.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** Milliseconds of each run, from the start command to the API server saying Ready=True. */
export interface JoinTimes {
  readonly daemonMs: readonly number[];
  readonly handMs: readonly number[];
}

/** Everything that the daemon writes on a machine. */
const WRITTEN = [
  "/etc/kubernetes",
  "/var/lib/kubelet/kubeconfig",
  "/etc/sysctl.d/90-eks-satellite.conf",
  "/etc/modules-load.d/eks-satellite.conf",
  "/etc/cni/net.d/10-host-network.conf",
  "/etc/eks/image-credential-provider/config.json",
  "/var/lib/eks-satellite",
  "/run/eks-satellite",
];

/** Files in place on both sides; the runs alternate, so that what else this host does meets both. */
export async function measureWarm(sandbox: Sandbox, runs: number): Promise<JoinTimes> {
  const daemonMs: number[] = [];
  const handMs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await stopDaemon(sandbox);
    daemonMs.push(await sandbox.timeToReady(() => startDaemon(sandbox)));
    await stopDaemon(sandbox);
    const hand = await sandbox.handKubelet();
    await prepareKubelet(hand);
    handMs.push(await sandbox.timeToReady(() => startKubelet(hand)));
    await removeKubelet(hand);
    await startDaemon(sandbox);
    await sandbox.waitForNode();
  }
  return { daemonMs, handMs };
}

/** Nothing written yet, containerd with CRI disabled as Docker ships it: both write everything and restart containerd. */
export async function measureCold(sandbox: Sandbox, runs: number): Promise<JoinTimes> {
  const daemonMs: number[] = [];
  const handMs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await stopDaemon(sandbox);
    const hand = await sandbox.handKubelet();
    await prepareScript(hand);
    await removeWritten(sandbox);
    handMs.push(await sandbox.timeToReady(() => runScript(hand)));
    await stopKubelet(hand);
    // Also restores Docker's configuration of containerd and restarts it.
    await removeKubelet(hand);
    await removeWritten(sandbox);
    daemonMs.push(await sandbox.timeToReady(() => startDaemon(sandbox)));
  }
  return { daemonMs, handMs };
}

/** Milliseconds from the end of a killed kubelet to the next one; the daemon is restarted in between, since a second death within minutes is waited for on purpose. */
export async function measureRespawn(sandbox: Sandbox, runs: number): Promise<readonly number[]> {
  const script = [
    "old=$(pgrep --exact kubelet); kill -KILL $old; began=$(date +%s%N)",
    'until new=$(pgrep --exact kubelet) && [ "$new" != "$old" ]; do sleep 0.005; done',
    "echo $(( ($(date +%s%N) - began) / 1000000 ))",
  ].join("\n");
  const milliseconds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await sandbox.box(["systemctl", "restart", "eks-satellite"]);
    await sandbox.waitForNode();
    milliseconds.push(Number((await sandbox.box(["/bin/sh", "-c", script], { timeoutMs: 30_000 })).stdout));
  }
  return milliseconds;
}

async function startDaemon(sandbox: Sandbox): Promise<void> {
  await sandbox.box(["systemctl", "start", "eks-satellite"]);
}

async function stopDaemon(sandbox: Sandbox): Promise<void> {
  await sandbox.box(["systemctl", "stop", "eks-satellite"]);
}

async function removeWritten(sandbox: Sandbox): Promise<void> {
  await sandbox.box(["rm", "-rf", ...WRITTEN]);
  await sandbox.box(["sysctl", "--write", "vm.overcommit_memory=0", "kernel.panic=1", "kernel.panic_on_oops=0"]);
}
