// Live kernel settings and modules; their files for the next boot are ordinary files of the plan.
import { SatelliteError } from "../errors.ts";
import { hasModule } from "../facts/kernel-module.ts";
import type { Host } from "../host/host.ts";
import type { KernelModuleResource, SysctlResource } from "../plan/resource.ts";
import { IP_FORWARD } from "../plan/sysctls.ts";
import type { Executor } from "./executor.ts";

const FORWARDING = "/proc/sys/net/ipv4/ip_forward";
/** Docker sets the network up before it starts containers. */
const PATIENCE_MS = 20_000;
const POLL_MS = 250;
const TIMEOUT_SECONDS = 5;

/** Sets a value below /proc/sys. */
export const sysctlExecutor: Executor<SysctlResource> = {
  async diff({ host, isDryRun, earlier }, resource) {
    const before = (await host.files.read(procPath(resource)))?.trim();
    const mayComeWithModule = isDryRun && earlier.some(({ action }) => action === "load");
    if (before === undefined && !mayComeWithModule) {
      throw new SatelliteError("sysctl-missing", `this kernel has no setting ${resource.key}`, {
        hint: "Load the kernel module that brings it, or boot the distribution's own kernel.",
      });
    }
    return before === resource.value ? undefined : { resource, action: "set", before, after: resource.value };
  },

  async readOriginal({ host }, resource) {
    const value = (await host.files.read(procPath(resource)))?.trim();
    return value === undefined ? undefined : { kind: "value", value };
  },

  async apply({ host }, resource) {
    if (resource.key === IP_FORWARD) await untilDockerForwards(host);
    await host.files.writeInPlace(procPath(resource), resource.value);
  },
};

/** Loads a module that is neither loaded nor built in. */
export const kernelModuleExecutor: Executor<KernelModuleResource> = {
  async diff({ host }, resource) {
    return (await hasModule(host, resource.name))
      ? undefined
      : { resource, action: "load", before: undefined, after: resource.name };
  },

  readOriginal: async () => ({ kind: "absent" }),

  async apply({ host }, { name, why }) {
    const { exitCode, stderr } = await host.run("modprobe", [name]);
    if (exitCode === 0 && (await hasModule(host, name))) return;
    const said = exitCode === 0 ? "loaded nothing" : `exited with ${exitCode}: ${stderr.trim()}`;
    throw new SatelliteError("module-missing", `modprobe ${name} ${said}`, {
      hint: `Install the modules of the running kernel (apt-get install linux-modules-extra-$(uname -r)): ${why}.`,
    });
  },
};

function procPath({ key }: SysctlResource): string {
  return `/proc/sys/${key.replaceAll(".", "/")}`;
}

/**
 * Waits until Docker has switched forwarding on, or will not; at most 20 s. A machine without Docker costs one question. Where Docker switches
 * it on it has FORWARD drop what no rule takes; where it finds it on, it leaves everything open: containers' ports that nobody published, too.
 */
export async function untilDockerForwards(host: Host): Promise<void> {
  const endMs = host.clock.monotonic() + PATIENCE_MS;
  while (host.clock.monotonic() < endMs) {
    if ((await host.files.read(FORWARDING))?.trim() === "1" || !(await isToStart(host))) return;
    await host.clock.sleep(POLL_MS);
  }
}

/** A unit that is enabled and rests has a job that waits for another unit, as at boot; one that is stopped by hand does not matter for long. */
async function isToStart(host: Host): Promise<boolean> {
  const properties = ["--property=ActiveState", "--property=UnitFileState"];
  const { stdout } = await host
    .run("systemctl", ["show", "docker.service", ...properties], { timeoutSeconds: TIMEOUT_SECONDS })
    .catch(() => ({ stdout: "" })); // Without systemd there is no Docker of a boot.
  return /^UnitFileState=enabled$/m.test(stdout) && /^ActiveState=(inactive|activating)$/m.test(stdout);
}
