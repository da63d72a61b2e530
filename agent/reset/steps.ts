// What `reset` does, in order: each step can say what it would do, and can be done again after it was broken off.
import { Ledger } from "../apply/ledger.ts";
import type { LocalConfig } from "../config/local.ts";
import { describe, hasCode, SatelliteError } from "../errors.ts";
import { listPodSandboxes, removePodSandbox } from "../facts/cri.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { runPaths, statePaths } from "../plan/paths.ts";
import { endLeftover } from "../supervise/leftover.ts";
import { type Access, deleteNode, drain, listEvictablePods } from "./drain.ts";
import { listKubeletRules, removeKubeletRules } from "./firewall.ts";
import { listMountsBelow, removeTree, unmountBelow } from "./mounts.ts";
import { describeRestore, restoreEntry } from "./restore.ts";

/** One step. */
export interface Step {
  readonly name: string;
  /** What there is to do, one line each; nothing when it has been done. */
  readonly list: () => Promise<readonly string[]>;
  /** Does it. What it returns is left for a person to do. @throws what kept it from being done */
  readonly run: () => Promise<readonly string[]>;
}

export interface StepOptions {
  readonly host: Host;
  readonly log: Log;
  readonly config: LocalConfig;
  /** How the API server is reached; undefined when that is not known. */
  readonly access: Access | undefined;
  readonly drainSeconds: number;
  /** Remove /etc/eks-satellite too. */
  readonly isPurge: boolean;
}

const UNIT = "eks-satellite.service";
const CONTAINERD = "containerd.service";
const STOP_TIMEOUT_SECONDS = 60;
const KUBELET_FOLDER = "/var/lib/kubelet";
/** What kubelet makes below its folder (pkg/kubelet/config/defaults.go, cm, checkpointmanager); what else is there is somebody's. */
const KUBELET_NAMES = [
  ...["actuated_pods_state", "allocated_pods_state", "checkpoints", "config", "cpu_manager_state", "device-plugins"],
  ...["dra_manager_state", "kubeconfig", "memory_manager_state", "pki", "plugin-containers", "plugins"],
  ...["plugins_registry", "pod-resources", "pods", "usernamespaces"],
];
const KUBELET_LOGS = ["/var/log/containers", "/var/log/pods"];
/** Folders that go when nothing is in them any more, the deepest first. */
const OWN_FOLDERS = [
  ...[
    KUBELET_FOLDER,
    "/etc/kubernetes/kubelet",
    "/etc/kubernetes/pki",
    "/etc/kubernetes",
    "/etc/cni/net.d",
    "/etc/cni",
  ],
  ...["/usr/libexec/kubernetes/kubelet-plugins/volume/exec", "/usr/libexec/kubernetes/kubelet-plugins/volume"],
  ...["/usr/libexec/kubernetes/kubelet-plugins", "/usr/libexec/kubernetes"],
];
const CACHE_FOLDER = "/var/cache/eks-satellite";
const ETC_FOLDER = "/etc/eks-satellite";

/** The steps in their order: the state folder, which knows what to restore, goes last. */
export function createSteps(options: StepOptions): readonly Step[] {
  return [
    drainStep(options),
    stopStep(options),
    nodeStep(options),
    podsStep(options),
    mountsStep(options),
    firewallStep(options),
    restoreStep(options),
    removeStep("remove what kubelet has written", options, async ({ host }) => {
      const real = await realPath(host, KUBELET_FOLDER);
      return [...KUBELET_NAMES.map((name) => `${real}/${name}`), ...KUBELET_LOGS];
    }),
    foldersStep(options),
    removeStep("remove what eks-satellite has written", options, async ({ config, isPurge }) => [
      config.runFolder,
      CACHE_FOLDER,
      ...(isPurge ? [ETC_FOLDER] : []),
      config.stateFolder,
    ]),
  ];
}

function drainStep({ access, drainSeconds }: StepOptions): Step {
  return {
    name: "evict this node's pods",
    list: async () => {
      const pods = access === undefined ? [] : await listEvictablePods(access).catch(() => []); // Nobody answers: run says so.
      return pods.map(({ namespace, name }) => `evict ${namespace}/${name}`);
    },
    run: async () => {
      if (access === undefined) return ["the cluster is not known here: its pods are ended without an eviction"];
      try {
        const left = await drain(access, drainSeconds);
        return left.map(
          ({ namespace, name }) => `${namespace}/${name} was not gone after ${drainSeconds} s, and is ended`,
        );
      } catch (error) {
        return [`the pods were not evicted: ${describe(error).message}`];
      }
    },
  };
}

function stopStep({ host, log, config }: StepOptions): Step {
  const processFile = runPaths(config.runFolder).kubeletProcess;
  const isThere = async () => (await systemctl(host, "is-active", UNIT)).stdout.trim() === "active";
  return {
    name: "stop the daemon and kubelet",
    list: async () => ((await isThere()) ? [`stop and disable ${UNIT}`] : []),
    run: async () => {
      // Without a reload, which takes GPUs from the containers of others (nvidia-docker#1730).
      await systemctl(host, "disable", "--no-reload", "--quiet", "--now", UNIT);
      if (await isThere()) {
        throw new SatelliteError("reset-failed", `${UNIT} does not stop`, { hint: `systemctl status ${UNIT}.` });
      }
      await endLeftover({ host, log, processFile, stopSeconds: config.kubelet.stopSeconds });
      return [];
    },
  };
}

function nodeStep({ access }: StepOptions): Step {
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

function podsStep({ host, config }: StepOptions): Step {
  const { socket } = config.containerd;
  const find = async () => {
    try {
      return await listPodSandboxes(host, socket);
    } catch (error) {
      // An earlier reset has put back a configuration without CRI, or containerd is gone: there are no pods of kubelet's then.
      const isGone = (await systemctl(host, "cat", CONTAINERD)).exitCode !== 0;
      if (isGone || hasCode(error, "cri-disabled")) return [];
      throw error;
    }
  };
  return {
    name: "end and remove the pods' containers",
    list: async () => (await find()).map(({ id, pod }) => `remove ${pod} (${id.slice(0, 12)})`),
    run: async () => {
      for (const { id } of await find()) await removePodSandbox(host, socket, id);
      await systemctl(host, "stop", "kubepods.slice");
      return [];
    },
  };
}

function mountsStep({ host }: StepOptions): Step {
  return {
    name: "unmount what is below kubelet's folder",
    list: async () =>
      (await listMountsBelow(host, await realPath(host, KUBELET_FOLDER))).map((point) => `unmount ${point}`),
    run: async () => {
      await unmountBelow(host, await realPath(host, KUBELET_FOLDER));
      return [];
    },
  };
}

function firewallStep({ host }: StepOptions): Step {
  return {
    name: "remove kubelet's chains from iptables",
    list: async () => (await listKubeletRules(host)).map(({ program, table, line }) => `${program} ${table}: ${line}`),
    run: async () => {
      await removeKubeletRules(host);
      return [];
    },
  };
}

function restoreStep({ host, log, config }: StepOptions): Step {
  const ledger = new Ledger(host, statePaths(config.stateFolder).ledger, log);
  return {
    name: "put back what stood here before",
    list: async () => (await ledger.list()).map(describeRestore).filter((line) => line !== undefined),
    run: async () => {
      const { configFile } = config.containerd;
      const before = await host.files.read(configFile);
      const entries = await ledger.list();
      for (const entry of entries) await restoreEntry(host, entry);
      // containers of others live on through it, in their shims.
      if ((await host.files.read(configFile)) !== before) await systemctl(host, "restart", CONTAINERD);
      return entries
        .filter(({ original }) => original.kind === "unknown")
        .map(({ id }) => `${id}: what stood there before is not known`);
    },
  };
}

function removeStep(
  name: string,
  options: StepOptions,
  paths: (options: StepOptions) => Promise<readonly string[]>,
): Step {
  const { host } = options;
  const find = async () => {
    const there: string[] = [];
    for (const path of await paths(options)) if ((await host.files.status(path)) !== undefined) there.push(path);
    return there;
  };
  return {
    name,
    list: async () => (await find()).map((path) => `remove ${path}`),
    run: async () => {
      for (const path of await find()) await removeTree(host, path);
      return [];
    },
  };
}

function foldersStep({ host }: StepOptions): Step {
  return {
    name: "remove the folders that are empty now",
    list: async () => [],
    run: async () => {
      for (const folder of OWN_FOLDERS) {
        const isLink = (await host.files.readLink(folder)) !== undefined;
        if (isLink || (await host.files.status(folder)) === undefined) continue;
        if ((await host.files.list(folder)).length === 0) await host.run("rmdir", ["--", folder]); // A mount point stays.
      }
      return [];
    },
  };
}

/** Where kubelet's folder really is: some put it on another disk by a link. */
async function realPath(host: Host, path: string): Promise<string> {
  const { stdout, exitCode } = await host.run("realpath", ["--canonicalize-missing", "--", path]);
  return exitCode === 0 && stdout.startsWith("/") ? stdout.trim() : path;
}

/** systemctl's refusals are no failures here: a unit that is not installed is not in the way. */
function systemctl(host: Host, ...args: readonly string[]) {
  return host.run("systemctl", args, { timeoutSeconds: STOP_TIMEOUT_SECONDS });
}
