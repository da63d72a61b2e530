// containerd, kubelet and what they need on this machine.
import { gte } from "semver";
import type { LocalConfig } from "../config/machine-config.ts";
import { PATHS, runPaths } from "../config/paths.ts";
import { describe, hasCode } from "../errors.ts";
import { readContainerdFacts } from "../facts/containerd-facts.ts";
import { findUnready, MIN_CONTAINERD, readRuntimeConditions } from "../facts/cri.ts";
import { findListener, KUBELET_HEALTH_PORT, KUBELET_PORT } from "../facts/preflight.ts";
import { findProcesses, isAlive, isOfMachine } from "../facts/process.ts";
import { createVersionReader } from "../facts/versions.ts";
import type { Host } from "../host/host.ts";
import { missingError } from "../install/dependencies.ts";
import { dependenciesOf, findMissing } from "../install/packages.ts";
import { readProcessFile } from "../kubelet/orphan-kubelet.ts";
import { isDistributions } from "../plan/containerd/cni.ts";
import { findOtherDrivers, readCniFolders } from "../plan/containerd-config.ts";
import { ARTIFACTS_CHECK } from "./artifacts-check.ts";
import { type Check, fail, failed, local, ok, pending, unknown } from "./check.ts";
import { CONTAINERD_WARNINGS_CHECK } from "./containerd-warnings-check.ts";
import type { CheckContext } from "./context.ts";
import { IMAGE_PULLS_CHECK } from "./image-pulls-check.ts";

const INSTALLS = "eks-satellite run installs it with apt-get";
const DOWNLOADS = "eks-satellite run downloads it";
const KUBELET_PORTS = [KUBELET_PORT, KUBELET_HEALTH_PORT];

export const RUNTIME_CHECKS: readonly Check[] = [
  local({
    name: "dependencies",
    checks: "containerd, runc, iptables, conntrack and socat are there",
    run: async ({ host, daemon }, config) => {
      const missing = await findMissing(host, config);
      if (missing.length === 0)
        return ok(
          dependenciesOf(config)
            .map(({ program }) => program)
            .join(", "),
        );
      const names = missing.map(({ program }) => program).join(", ");
      if (config.dependencies.install === "auto" && (await daemon()) === undefined)
        return pending(`missing: ${names}`, "eks-satellite run installs them with apt-get");
      return failed(missingError(missing));
    },
  }),
  local({
    name: "containerd",
    checks: "containerd is new enough",
    run: async (context, config) => {
      const { host } = context;
      if (await isContainerdPending(context, config)) return pending("there is none", INSTALLS);
      const { path, version } = await createVersionReader(host).readContainerd();
      if (gte(version, MIN_CONTAINERD)) return ok(`${version} at ${path}`);
      return fail(
        `${version} at ${path} is older than ${MIN_CONTAINERD}`,
        "Install containerd.io of Docker's repository, or a newer release of the distribution.",
      );
    },
  }),
  ARTIFACTS_CHECK,
  IMAGE_PULLS_CHECK,
  local({
    name: "cri",
    checks: "containerd answers on its CRI socket, and runtime and network are ready",
    run: async (context, config) => {
      const { host, daemon } = context;
      const { containerd } = config;
      try {
        const unready = findUnready(await readRuntimeConditions(host, containerd.socket));
        if (unready === undefined) return ok("containerd answers, runtime and network are ready");
        const words = `containerd reports ${unready.type} as false: ${unready.message}`;
        // The daemon writes the CNI configuration.
        if ((await daemon()) === undefined) return pending(words, "eks-satellite run writes what is missing");
        return fail(words, `ls ${PATHS.cniConfigFolder} ${PATHS.cniBinFolder}; journalctl -u containerd -n 50.`);
      } catch (error) {
        if (hasCode(error, "cri-disabled") && (await daemon()) === undefined)
          return pending(
            describe(error).message,
            "eks-satellite run enables it, and keeps the rest of the configuration",
          );
        if (await isContainerdPending(context, config)) return pending("there is no containerd", INSTALLS);
        return failed(error);
      }
    },
  }),
  CONTAINERD_WARNINGS_CHECK,
  local({
    name: "cgroup-driver",
    checks: "kubelet and containerd use the same cgroup driver",
    run: async (context, config) => {
      const { host, daemon } = context;
      const { containerd, kubelet } = config;
      if (await isContainerdPending(context, config)) return pending("there is no containerd", INSTALLS);
      const facts = await readContainerdFacts(host, containerd.configFile);
      if (facts.config.kind === "unparsable") throw facts.config.error;
      const isSystemd = (await host.files.status("/run/systemd/system")) !== undefined;
      const driver = kubelet.cgroupDriver === "auto" ? (isSystemd ? "systemd" : "cgroupfs") : kubelet.cgroupDriver;
      const others = findOtherDrivers(facts, driver === "systemd");
      if (others.length === 0) return ok(`${driver} in kubelet and containerd`);
      if ((await daemon()) === undefined)
        return pending(`${driver} for kubelet`, "eks-satellite run sets the same for containerd");
      return fail(
        `kubelet uses ${driver}, containerd's configuration something else (${driver === "systemd" ? "cgroupfs" : "systemd"}) for ${others.join(", ")}`,
        "eks-satellite plan --diff shows why it could not be merged.",
      );
    },
  }),
  local({
    name: "cni-plugins",
    checks: "CNI plugin `loopback` is where containerd looks for it",
    run: async ({ host, daemon }, { artifacts, containerd }) => {
      const isRunning = (await daemon()) !== undefined;
      const paths = (await listPluginFolders(host, containerd.configFile, isRunning)).map((each) => `${each}/loopback`);
      const statuses = await Promise.all(paths.map((path) => host.files.status(path)));
      const index = statuses.findIndex((status) => status?.kind === "file" && (status.mode & 0o111) !== 0);
      if (index >= 0) return ok(paths[index] ?? "");
      const words = `there is no executable ${paths.join(" or ")}: containerd needs it for every pod`;
      const isDownloaded = artifacts.install === "auto" && paths.includes(`${PATHS.cniBinFolder}/loopback`);
      if (isDownloaded && statuses.every((status) => status === undefined) && !isRunning)
        return pending(words, DOWNLOADS);
      return fail(
        words,
        `Unpack github.com/containernetworking/plugins into ${paths[0]?.replace(/\/loopback$/, "")}, or remove another folder than ${PATHS.cniBinFolder} from containerd's configuration.`,
      );
    },
  }),
  local({
    name: "kubelet",
    checks: "kubelet is there and says its version",
    run: async ({ host, daemon }, { artifacts, kubelet }) => {
      const isMissing = (await host.files.status(kubelet.path)) === undefined;
      if (isMissing && artifacts.install === "auto" && (await daemon()) === undefined)
        return pending(`there is no ${kubelet.path}`, DOWNLOADS);
      const { version, path } = await createVersionReader(host).readKubelet(kubelet.path);
      return ok(`${version} at ${path}`);
    },
  }),
  local({
    name: "ports",
    checks: "the ports of kubelet and of the health endpoint are free, or the daemon's own",
    run: async ({ host, daemon }, { health, runFolder }) => {
      const isOurs = (await daemon()) !== undefined;
      const left = await readOrphanKubelet(host, runPaths(runFolder).kubeletProcess);
      const kubelets = isOurs ? await findKubelets(host) : left;
      const foreign: string[] = [];
      for (const port of [...KUBELET_PORTS, health.port]) {
        const holder = await findListener(host, port);
        const isExpected = (isOurs && port === health.port) || kubelets.includes(holder?.pid ?? 0);
        if (holder !== undefined && !isExpected) foreign.push(`${port}${holder.words}`);
      }
      if (foreign.length === 0) return ok(`${[...KUBELET_PORTS, health.port].join(", ")} are free, or ours`);
      if (host.userId !== 0) return unknown(`taken: ${foreign.join(", ")}; the process cannot be read`, "Run as root.");
      return fail(`taken: ${foreign.join(", ")}`, "ss -ltnp; stop it, or set health.port for the last one.");
    },
  }),
];

/** Those of the machine itself: a pod's process may have that name too. */
async function findKubelets(host: Host): Promise<readonly number[]> {
  const pids = await findProcesses(host, "kubelet");
  const areOwn = await Promise.all(pids.map((pid) => isOfMachine(host, pid)));
  return pids.filter((_, index) => areOwn[index]);
}

/** Before the daemon's first run, on a machine on which it may install containerd. */
async function isContainerdPending({ host, daemon }: CheckContext, config: LocalConfig): Promise<boolean> {
  if (config.dependencies.install !== "auto" || (await daemon()) !== undefined) return false;
  return (await findMissing(host, config)).some(({ program }) => program === "containerd");
}

/** The folders of CNI plugins as containerd has them, or will when the daemon has merged its configuration. */
async function listPluginFolders(host: Host, configFile: string, isRunning: boolean): Promise<readonly string[]> {
  const facts = await readContainerdFacts(host, configFile).catch(() => undefined); // Check containerd reports it.
  if (facts === undefined) return [PATHS.cniBinFolder];
  const folders = readCniFolders(facts);
  if (isRunning || facts.effective !== undefined) return folders;
  return folders.map((folder) => (isDistributions(folder) ? PATHS.cniBinFolder : folder));
}

/** The kubelet that a killed daemon left: the next daemon recognizes it by this record, and ends it. */
async function readOrphanKubelet(host: Host, path: string): Promise<readonly number[]> {
  const recorded = await readProcessFile(host, path);
  return recorded !== undefined && (await isAlive(host, recorded)) ? [recorded.pid] : [];
}
