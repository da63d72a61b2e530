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
      const pods = access === undefined ? [] : await listEvictablePods(access).catch(() => []); // Nobody answers: run says so.
      return pods.map(({ namespace, name }) => `evict ${namespace}/${name}`);
    },
    run: async () => {
      if (access === undefined) return ["the cluster is not known here: its pods are ended without an eviction"];
      try {
        // Without kubelet nobody ends an evicted pod: waiting for that would be in vain.
        const seconds = (await isDaemonActive(host)) ? drainSeconds : 0;
        const left = await drain(access, seconds);
        return left.map(({ namespace, name }) => `${namespace}/${name} was not gone after ${seconds} s, and is ended`);
      } catch (error) {
        return [`the pods were not evicted: ${describe(error).message}`];
      }
    },
  };
}

/** Stops the daemon, and with it kubelet. */
export function stopStep({ host, log, config }: StepOptions): Step {
  const processFile = runPaths(config.runFolder).kubeletProcess;
  const isThere = () => isDaemonActive(host);
  return {
    name: "stop the daemon and kubelet",
    list: async () => ((await isThere()) ? [`stop and disable ${UNIT}`] : []),
    run: async () => {
      // Without a reload, which takes GPUs from the containers of others (nvidia-docker#1730).
      await systemctl(host, "disable", "--no-reload", "--quiet", "--now", UNIT);
      if (await isThere()) {
        throw new SatelliteError("reset-failed", `${UNIT} does not stop`, { hint: `systemctl status ${UNIT}.` });
      }
      await endOrphanKubelet({ host, log, processFile, stopSeconds: config.kubelet.stopSeconds });
      return [];
    },
  };
}

/** Confirms to the cluster that evicted pods have ended: kubelet may have been stopped before it could. After their containers are gone. */
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

/** Deletes the Node, where the cluster lets a node do that. */
export function nodeStep({ access }: StepOptions): Step {
  return {
    name: "delete the Node",
    list: async () => (access === undefined ? [] : [`delete Node ${access.node}, if the cluster lets a node do that`]),
    run: async () => {
      if (access === undefined) return [];
      // EKS gives nodes no right to delete themselves.
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
