// The machine: what eks-satellite cannot change.
import { parseEnv } from "node:util";
import { shortageOf } from "../facts/disk-space.ts";
import { hasModule } from "../facts/kernel-module.ts";
import { checkSwap } from "../facts/preflight.ts";
import { planModules, planSysctls } from "../plan/sysctls.ts";
import { type Check, fail, local, ok, pending, unknown, warn } from "./check.ts";
import { GPU_CHECK } from "./gpu-check.ts";
import { GPU_RUNTIME_CHECK } from "./gpu-runtime-check.ts";
import { HARDWARE_CHECK } from "./hardware-check.ts";
import { ARCHITECTURES, MIN_MEMORY_BYTES, OPERATING_SYSTEMS } from "./supported.ts";

/** kubelet opens files and watches for every container. */
const MIN_OPEN_FILES = 65_536;
const FOLDERS = ["/var/lib/kubelet", "/var/lib/containerd", "/var/log", "/run"];

export const MACHINE_CHECKS: readonly Check[] = [
  {
    name: "os",
    checks: "the distribution is one that is tested",
    run: async ({ host }) => {
      const { ID = "", VERSION_ID = "", PRETTY_NAME } = parseEnv((await host.files.read("/etc/os-release")) ?? "");
      const name = PRETTY_NAME ?? `${ID} ${VERSION_ID}`;
      if (OPERATING_SYSTEMS.includes(`${ID} ${VERSION_ID}`)) return ok(name);
      return warn(
        `${name || "an unknown distribution"} is not a tested one`,
        `Use one of: ${OPERATING_SYSTEMS.join(", ")}.`,
      );
    },
  },
  {
    name: "architecture",
    checks: "the processor is x64 (amd64) or arm64",
    run: async ({ host }) => {
      const { architecture } = await host.systemInformation();
      if (Object.hasOwn(ARCHITECTURES, architecture)) return ok(architecture);
      return fail(`${architecture} is not supported`, "Use a machine of x64 (amd64) or arm64.");
    },
  },
  {
    name: "root",
    checks: "the command runs as root, so that it can read everything",
    run: async ({ host }) =>
      host.userId === 0
        ? ok("running as root")
        : warn(`running as user ${host.userId}: not everything can be read`, "sudo eks-satellite check."),
  },
  {
    name: "mount-propagation",
    checks: "`/` is a shared mount, so that containers see kubelet's volumes",
    run: async ({ host }) => {
      const table = (await host.files.read("/proc/self/mountinfo")) ?? "";
      const root = table.split("\n").find((line) => line.split(" ")[4] === "/");
      if (root === undefined) return unknown("/proc/self/mountinfo names no root");
      if (root.includes(" shared:")) return ok("/ is shared");
      return fail("/ is not shared: containers do not see kubelet's volumes", "mount --make-rshared /");
    },
  },
  {
    name: "mount-namespace",
    checks: "the command is in the mount namespace of pid 1, as kubelet must be",
    run: async ({ host }) => {
      const [own, init] = await Promise.all([
        host.files.readLink("/proc/self/ns/mnt"),
        host.files.readLink("/proc/1/ns/mnt"),
      ]);
      if (own === undefined || init === undefined)
        return unknown("the mount namespace of pid 1 cannot be read", "Run as root.");
      if (own === init) return ok("the same as pid 1's");
      return fail(
        `${own} here, ${init} at pid 1: containerd does not see kubelet's mounts`,
        "Remove PrivateTmp, ProtectSystem and the like from the unit; do not run in a container.",
      );
    },
  },
  local({
    name: "disk",
    checks: "kubelet's, containerd's and the daemon's file systems take writes, and have space and inodes left",
    run: async ({ host }, { stateFolder }) => {
      const folders = [...FOLDERS, stateFolder];
      for (const folder of folders) {
        const space = await host.files.space(folder);
        if (space === undefined) continue;
        if (space.isReadOnly === true)
          return fail(
            `the file system of ${folder} is read-only`,
            `dmesg --level err,warn | tail; findmnt --target ${folder}. After an error of the disk it is repaired at the next boot.`,
          );
        const left = `${folder} has ${Math.round((100 * space.availableBytes) / space.totalBytes)} % of its space left`;
        if (shortageOf(space) === "space")
          return fail(`${left}: kubelet evicts pods below 10 %`, "df -h; du -xh --max-depth=2 /var | sort -h | tail.");
        if (shortageOf(space) === "inodes")
          return fail(
            `${folder} has less than 5 % of its inodes left: kubelet evicts pods`,
            "df -i; remove small files.",
          );
      }
      return ok(`room in ${folders.join(", ")}`);
    },
  }),
  {
    name: "memory",
    checks: "there is memory enough for kubelet and the system",
    run: async ({ host }) => {
      const { memoryBytes } = await host.systemInformation();
      const shown = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
      return memoryBytes >= MIN_MEMORY_BYTES
        ? ok(shown)
        : warn(
            `${shown} is little: kubelet and the system take more than 1`,
            "Use a larger machine, or lower kubelet.maxPods.",
          );
    },
  },
  local({
    name: "swap",
    checks: "swap is off, or kubelet's configuration allows it",
    run: async ({ host }, config) => {
      checkSwap(config, (await host.systemInformation()).swapBytes);
      return ok("off, or allowed by kubelet.config.failSwapOn");
    },
  }),
  {
    name: "open-files",
    checks: "pid 1 may open enough files for containers",
    run: async ({ host }) => {
      const limits = (await host.files.read("/proc/1/limits")) ?? (await host.files.read("/proc/self/limits")) ?? "";
      const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
      if (hard === undefined) return unknown("the limits of pid 1 cannot be read", "Run as root.");
      if (hard === "unlimited" || Number(hard) >= MIN_OPEN_FILES) return ok(`up to ${hard}`);
      return warn(
        `up to ${hard}; containers run out of files`,
        "Set DefaultLimitNOFILE=1048576 in /etc/systemd/system.conf.",
      );
    },
  },
  local({
    name: "kernel",
    checks: "the kernel has the modules and settings that the node needs",
    run: async ({ host }, { network }) => {
      for (const { name, why } of planModules(network.cni)) {
        if (await hasModule(host, name)) continue;
        const { exitCode } = await host.run("modprobe", ["--dry-run", name]);
        if (exitCode !== 0)
          return fail(`there is no kernel module ${name} (${why})`, "apt-get install linux-modules-extra-$(uname -r)");
      }
      const keys = planSysctls(network.cni);
      const values = await Promise.all(keys.map(({ key }) => host.files.read(`/proc/sys/${key.replaceAll(".", "/")}`)));
      const missing = keys.filter((_, index) => values[index] === undefined).map(({ key }) => key);
      if (missing.length > 0)
        return fail(`this kernel has no ${missing.join(", ")}`, "Boot the distribution's own kernel.");
      const other = keys.filter(({ value }, index) => values[index]?.trim() !== value).map(({ key }) => key);
      if (other.length === 0) return ok("modules and settings are as planned");
      return pending(
        `${other.join(", ")} ${other.length === 1 ? "is" : "are"} not as the node needs`,
        "eks-satellite run sets them",
      );
    },
  }),
  HARDWARE_CHECK,
  GPU_CHECK,
  GPU_RUNTIME_CHECK,
];
