// What a machine of a foreign processor runs of its own, built for it; the control plane stays the host's.
import { join } from "node:path";
import { build, type GoBuild } from "./go-build.ts";
import { kubernetesModule, pinnedModules } from "./go-builds.ts";
import type { Arch } from "./processor.ts";
import type { MachinePrograms } from "./programs.ts";
import { cacheFolder } from "./state.ts";
import type { Progress } from "./step.ts";

/** Where the programs are once {@link crossBuild} has built them. */
export function crossBuilt(version: string, arch: Arch): MachinePrograms {
  return {
    kubelet: join(targetOf(`kubelet-${version}`, arch), "bin/kubelet"),
    credentialProvider: join(targetOf("ecr-credential-provider", arch), "bin/ecr-credential-provider"),
    wireguard: join(targetOf("wireguard-go", arch), "bin/wireguard"),
  };
}

/** Builds those that are not in the cache yet. */
export async function crossBuild(version: string, arch: Arch, progress: Progress): Promise<void> {
  const cross = (what: Omit<GoBuild, "arch">) => build({ ...what, arch }, progress);
  await cross({
    title: `build kubelet ${version} for ${arch} (10 to 30 min the first time)`,
    module: await kubernetesModule(version, progress),
    packages: ["k8s.io/kubernetes/cmd/kubelet"],
    target: targetOf(`kubelet-${version}`, arch),
    variables: { "k8s.io/component-base/version.gitVersion": `v${version}` },
  });
  await cross({
    title: `build ecr-credential-provider for ${arch} (3 to 5 min the first time)`,
    module: join(pinnedModules, "aws"),
    packages: ["k8s.io/cloud-provider-aws/cmd/ecr-credential-provider"],
    target: targetOf("ecr-credential-provider", arch),
  });
  await cross({
    title: `build wireguard-go for ${arch}`,
    module: join(pinnedModules, "wireguard"),
    packages: ["tool"],
    target: targetOf("wireguard-go", arch),
  });
}

function targetOf(name: string, arch: Arch): string {
  return join(cacheFolder(), `${name}-${arch}`);
}
