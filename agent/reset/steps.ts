// What `reset` does, in order: each step can list what it would do, and can be repeated after an interruption.
import { Ledger } from "../apply/ledger.ts";
import { DNS_CACHE_FOLDER } from "../config/network/dns-cache.ts";
import { ARTIFACTS_FOLDER, CDI_SPEC, PATHS, statePaths } from "../config/paths.ts";
import { hasCode } from "../errors.ts";
import { listPodSandboxes, removePodSandbox } from "../facts/cri.ts";
import { isOwnCdiSpec } from "../gpu/cdi-spec.ts";
import { dnsCacheStep } from "./dns-cache.ts";
import { listKubernetesRules, removeKubernetesRules } from "./firewall.ts";
import { confirmStep, drainStep, nodeStep, stopStep } from "./leave.ts";
import { listMountsBelow, removeTree, unmountBelow } from "./mounts.ts";
import { type OwnFolder, ownFolders, removeOwnFolder } from "./own-folders.ts";
import { packagesStep } from "./packages.ts";
import { podNetworkStep } from "./pod-network.ts";
import { describeRestore, isStillOwn, restoreEntry } from "./restore.ts";
import { type Step, type StepOptions, systemctl } from "./step.ts";
import { tunnelStep } from "./tunnel.ts";

const CONTAINERD = "containerd.service";
const KUBELET_FOLDER = "/var/lib/kubelet";
/** What kubelet makes below its folder (pkg/kubelet/config/defaults.go, cm, checkpointmanager); anything else there belongs to the user. */
const KUBELET_NAMES = [
  ...["actuated_pods_state", "allocated_pods_state", "checkpoints", "config", "cpu_manager_state", "device-plugins"],
  ...["dra_manager_state", "kubeconfig", "memory_manager_state", "pki", "plugin-containers", "plugins"],
  ...["plugins_registry", "pod-resources", "pods", "usernamespaces"],
];
const KUBELET_LOGS = ["/var/log/containers", "/var/log/pods"];
/** Folders that are removed once they are empty, the deepest first. */
const OWN_FOLDERS = [
  ...[
    KUBELET_FOLDER,
    "/etc/kubernetes/kubelet",
    "/etc/kubernetes/pki",
    DNS_CACHE_FOLDER,
    PATHS.staticPodFolder,
    "/etc/kubernetes",
    "/etc/cni/net.d",
    "/etc/cni",
  ],
  ...["/var/lib/cni/networks", "/var/lib/cni/results", "/var/lib/cni"],
  ...["/opt/cni/bin", "/opt/cni", "/etc/eks/image-credential-provider", "/etc/eks"],
  ...["/usr/libexec/kubernetes/kubelet-plugins/volume/exec", "/usr/libexec/kubernetes/kubelet-plugins/volume"],
  ...["/usr/libexec/kubernetes/kubelet-plugins", "/usr/libexec/kubernetes"],
];
const CACHE_FOLDER = "/var/cache/eks-satellite";
const ETC_FOLDER = "/etc/eks-satellite";

/** The steps in their order: the state folder, which holds the ledger, is removed last. */
export function createSteps(options: StepOptions): readonly Step[] {
  return [
    drainStep(options),
    stopStep(options),
    nodeStep(options),
    podsStep(options),
    confirmStep(options),
    mountsStep(options),
    podNetworkStep(options),
    tunnelStep(options),
    dnsCacheStep(options),
    firewallStep(options),
    restoreStep(options),
    packagesStep(options),
    removeStep("remove what kubelet has written", options, async ({ host }) => {
      const real = await host.files.realPath(KUBELET_FOLDER);
      return [...KUBELET_NAMES.map((name) => `${real}/${name}`), ...KUBELET_LOGS];
    }),
    foldersStep(options),
    ownStep(options),
  ];
}

function podsStep({ host, config }: StepOptions): Step {
  const { socket } = config.containerd;
  const find = async () => {
    try {
      return await listPodSandboxes(host, socket);
    } catch (error) {
      // An earlier reset has restored a configuration without CRI, or containerd is gone: then kubelet has no pods.
      const isGone = (await systemctl(host, "cat", CONTAINERD)).exitCode !== 0;
      if (isGone || hasCode(error, "cri-disabled") || hasCode(error, "cri-outdated")) return [];
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
      (await listMountsBelow(host, await host.files.realPath(KUBELET_FOLDER))).map((point) => `unmount ${point}`),
    run: async () => {
      await unmountBelow(host, await host.files.realPath(KUBELET_FOLDER));
      return [];
    },
  };
}

function firewallStep({ host }: StepOptions): Step {
  return {
    name: "remove the rules of kubelet and kube-proxy from the packet filter",
    list: () => listKubernetesRules(host),
    run: async () => {
      await removeKubernetesRules(host);
      return [];
    },
  };
}

function restoreStep({ host, log, config }: StepOptions): Step {
  const ledger = new Ledger(host, statePaths(config.stateFolder).ledger, log);
  const listOwn = async () => {
    const entries = await ledger.list();
    const isOwn = await Promise.all(entries.map((entry) => isStillOwn(host, entry)));
    return entries.filter((_, index) => isOwn[index]);
  };
  return {
    name: "restore what was there before",
    list: async () => (await listOwn()).map(describeRestore).filter((line) => line !== undefined),
    run: async () => {
      const { configFile } = config.containerd;
      const before = await host.files.read(configFile);
      const entries = await listOwn();
      for (const entry of entries) await restoreEntry(host, entry);
      // Other users' containers survive the restart, in their shims.
      if ((await host.files.read(configFile)) !== before) await systemctl(host, "restart", CONTAINERD);
      return entries
        .filter(({ original }) => original.kind === "unknown")
        .map(({ id }) => `${id}: its original is unknown`);
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

/** Of the folders that the configuration names, only what the agent puts there. */
function ownStep({ host, config, isPurge }: StepOptions): Step {
  const { run, lastGood, state } = ownFolders(config);
  const whole = (path: string) => ({ path, remove: () => removeTree(host, path).then(() => []) });
  const own = (folder: OwnFolder) => ({ path: folder.path, remove: () => removeOwnFolder(host, folder) });
  const find = async () => {
    const all = [
      ...((await isOwnCdiSpec(host, config.runFolder)) ? [whole(CDI_SPEC)] : []),
      own(run),
      ...[CACHE_FOLDER, ARTIFACTS_FOLDER, ...(isPurge ? [ETC_FOLDER] : [])].map(whole),
      ...(lastGood.path === state.path ? [] : [own(lastGood)]),
      own(state),
    ];
    const areThere = await Promise.all(all.map(async ({ path }) => (await host.files.status(path)) !== undefined));
    return all.filter((_, index) => areThere[index]);
  };
  return {
    name: "remove what eks-satellite has written",
    list: async () => (await find()).map(({ path }) => `remove ${path}`),
    run: async () => {
      const left: string[] = [];
      for (const { remove } of await find()) left.push(...(await remove()));
      return left;
    },
  };
}

function foldersStep({ host }: StepOptions): Step {
  return {
    name: "remove the folders that are empty now",
    list: async () => [],
    run: async () => {
      const registries = (await host.files.list(PATHS.registriesFolder)).map(
        (name) => `${PATHS.registriesFolder}/${name}`,
      );
      for (const folder of [...registries, PATHS.registriesFolder, ...OWN_FOLDERS]) {
        const isLink = (await host.files.readLink(folder)) !== undefined;
        if (isLink || (await host.files.status(folder)) === undefined) continue;
        await host.files.removeEmptyFolder(folder); // A mount point stays.
      }
      return [];
    },
  };
}
