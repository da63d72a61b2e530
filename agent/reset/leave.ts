// How the node leaves: its pods evicted, daemon and kubelet stopped, the Node deleted where that is allowed.

import { runPaths } from "../config/paths.ts";
import { describe, SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { endOrphanKubelet } from "../kubelet/orphan-kubelet.ts";
import { confirmEnd, deleteNode, drain, listEvictablePods, listTerminatingPods } from "./drain.ts";
import { type Step, type StepOptions, systemctl } from "./step.ts";

const UNIT = "eks-satellite.service";

/** Cordons the Node and evicts its pods. */
export function drainStep({ host, access, drainSeconds }: StepOptions): Step {
  return {
    name: "evict this node's pods",
    list: async () => {
      const pods = access === undefined ? [] : await listEvictablePods(access).catch(() => []); // The API server does not answer: run says so.
      return pods.map(({ namespace, name }) => `evict ${namespace}/${name}`);
    },
    run: async () => {
      if (access === undefined) return ["the cluster is unknown: the pods are ended without an eviction"];
      try {
        // Without kubelet an evicted pod never ends, so there is nothing to wait for.
        const seconds = (await isDaemonActive(host)) ? drainSeconds : 0;
        const left = await drain(access, seconds);
        return left.map(
          ({ namespace, name }) => `${namespace}/${name} was still there after ${seconds} s, and is ended`,
        );
      } catch (error) {
        return [`the pods were not evicted: ${describe(error).message}`];
      }
    },
  };
}

/** Stops the daemon, and with it kubelet. */
export function stopStep({ host, log, config, onStopped }: StepOptions): Step {
  const processFile = runPaths(config.runFolder).kubeletProcess;
  const isActive = () => isDaemonActive(host);
  return {
    name: "stop the daemon and kubelet",
    list: async () => ((await isActive()) ? [`stop and disable ${UNIT}`] : []),
    run: async () => {
      // Without a reload of systemd, after which other users' containers lose their GPUs (nvidia-docker#1730).
      await systemctl(host, "disable", "--no-reload", "--quiet", "--now", UNIT);
      if (await isActive()) {
        throw new SatelliteError("reset-failed", `${UNIT} does not stop`, { hint: `systemctl status ${UNIT}.` });
      }
      await onStopped?.();
      if (!(await endOrphanKubelet({ host, log, processFile, stopSeconds: config.kubelet.stopSeconds })))
        throw new SatelliteError("reset-failed", "kubelet does not end, not even by SIGKILL", {
          hint: "ps -eo pid,stat,wchan:30,args | grep kubelet; a reboot ends what hangs in the kernel.",
        });
      return [];
    },
  };
}

/** Confirms to the cluster that evicted pods have ended, since kubelet may have been stopped before it could. Runs after their containers are removed. */
export function confirmStep({ access }: StepOptions): Step {
  const find = async () => (access === undefined ? [] : await listTerminatingPods(access).catch(() => [])); // They end with the Node.
  return {
    name: "confirm the end of evicted pods",
    list: async () => [],
    run: async () => {
      if (access === undefined) return [];
      for (const pod of await find()) await confirmEnd(access, pod).catch(() => undefined);
      return [];
    },
  };
}

/** Deletes the Node, where the cluster allows a node to do that. */
export function nodeStep({ access }: StepOptions): Step {
  return {
    name: "delete the Node",
    list: async () =>
      access === undefined ? [] : [`delete Node ${access.node}, if the cluster allows a node to do that`],
    run: async () => {
      if (access === undefined) return [];
      // On EKS a node may not delete itself.
      return deleteNode(access).then(
        () => [],
        () => [`the Node is still in the cluster; with an administrator's rights: kubectl delete node ${access.node}`],
      );
    },
  };
}

async function isDaemonActive(host: Host): Promise<boolean> {
  return (await systemctl(host, "is-active", UNIT)).stdout.trim() === "active";
}
