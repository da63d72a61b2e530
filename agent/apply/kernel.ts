// Live kernel settings and modules; their files for the next boot are ordinary files of the plan.
import { SatelliteError } from "../errors.ts";
import { hasModule } from "../facts/kernel-module.ts";
import type { KernelModuleResource, SysctlResource } from "../plan/resource.ts";
import type { Executor } from "./executor.ts";

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

  apply: ({ host }, resource) => host.files.writeInPlace(procPath(resource), resource.value),
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
