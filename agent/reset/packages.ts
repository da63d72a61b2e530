// Removes the packages that were installed for the node, and no others.
import { Ledger } from "../apply/ledger.ts";
import { statePaths } from "../config/paths.ts";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { explainApt, isInstalled, parseSimulation } from "../install/apt.ts";
import type { Step, StepOptions } from "./step.ts";

const APT_TIMEOUT_SECONDS = 600;
const PREFIX = "package:";
const ENVIRONMENT = { DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_SUSPEND: "1", LC_ALL: "C" };

/** Removes the packages that the daemon installed, unless something else depends on them by now. */
export function packagesStep({ host, log, config, isWithinDpkg }: StepOptions): Step {
  const ledger = new Ledger(host, statePaths(config.stateFolder).ledger, log);
  const find = async () => {
    const names = (await ledger.list())
      .filter(({ id }) => id.startsWith(PREFIX))
      .map(({ id }) => id.slice(PREFIX.length));
    const installed = await Promise.all(names.map((name) => isInstalled(host, name)));
    return names.filter((_, index) => installed[index] === true);
  };
  return {
    name: "remove the packages that were installed for the node",
    list: async () => (await find()).map((name) => `apt-get purge ${name}`),
    run: async () => {
      const names = await find();
      if (names.length === 0) return [];
      const command = `apt-get purge ${names.join(" ")}`;
      if (isWithinDpkg) return [`dpkg is running, so these packages stay installed: ${command}`];
      if (names.includes("containerd") && (await hasOtherContainers(host)))
        return [
          `other containers run on containerd, which was installed for the node and stays, with: ${names.join(", ")}`,
        ];
      const others = await findDependents(host, names);
      if (others.length > 0)
        return [
          `other packages (${others.join(", ")}) depend on what was installed for the node, which stays: ${names.join(", ")}`,
        ];
      const answer = await aptGet(host, ["purge", "--yes", ...names]);
      if (answer.exitCode !== 0) throw explainApt(answer, command);
      return [];
    },
  };
}

/** Each client of containerd has its own namespace; kubelet's is k8s.io. A stopped containerd lists none. */
async function hasOtherContainers(host: Host): Promise<boolean> {
  const { stdout } = await host.run("ctr", ["namespaces", "list", "--quiet"]);
  const others = stdout.split("\n").filter((name) => name !== "" && name !== "k8s.io");
  const lists = await Promise.all(
    others.map((name) => host.run("ctr", ["--namespace", name, "containers", "list", "--quiet"])),
  );
  return lists.some((list) => list.stdout.trim() !== "");
}

/** The other packages that apt-get would remove with them. @throws reset-failed */
async function findDependents(host: Host, names: readonly string[]): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await aptGet(host, ["purge", "--simulate", ...names]);
  if (exitCode !== 0)
    throw new SatelliteError(
      "reset-failed",
      `apt-get does not say what removing ${names.join(", ")} would do: ${stderr.trim()}`,
      {
        hint: "apt-get check.",
      },
    );
  return parseSimulation(stdout).removed.filter((name) => !names.includes(name));
}

function aptGet(host: Host, args: readonly string[]) {
  return host.run("apt-get", ["-o", "DPkg::Lock::Timeout=60", ...args], {
    timeoutSeconds: APT_TIMEOUT_SECONDS,
    environment: ENVIRONMENT,
  });
}
