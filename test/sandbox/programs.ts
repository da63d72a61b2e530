// The programs of one sandbox, from the cache; what is not there yet is built or fetched.
import { join } from "node:path";
import { crossBuild, crossBuilt } from "./cross-builds.ts";
import { ensureEtcd } from "./debian.ts";
import { buildAwsTools, buildContainerd, buildKubernetes, buildWireguard } from "./go-builds.ts";
import { type Arch, isForeign } from "./processor.ts";
import { cacheFolder, type SandboxFacts } from "./state.ts";
import type { Progress } from "./step.ts";

/** Where the programs are. */
export interface Programs {
  /** etcd itself. */
  readonly etcd: string;
  /** Folder of kube-apiserver, kubectl and the rest, for the host; kubelet as well. */
  readonly kubernetes: string;
  /** Folder of aws-iam-authenticator and ecr-credential-provider. */
  readonly awsTools: string;
  /** wireguard-go itself, for the host. */
  readonly wireguard: string;
  /** What goes into the machine, for its processor. */
  readonly machine: MachinePrograms;
  /** Folder of another containerd; undefined when the machine has Debian's. */
  readonly containerd: string | undefined;
}

/** What the machine runs of its own. */
export interface MachinePrograms {
  /** kubelet itself. */
  readonly kubelet: string;
  /** ecr-credential-provider itself. */
  readonly credentialProvider: string;
  /** wireguard-go itself. */
  readonly wireguard: string;
}

/** What decides which programs a sandbox has. */
export type Versions = Pick<SandboxFacts, "kubernetes" | "containerd"> & { readonly arch?: Arch };

/** Where the programs are once they have been built. */
export function programsOf({ kubernetes, containerd, arch }: Versions): Programs {
  const cache = cacheFolder();
  const host = {
    kubernetes: join(cache, `kubernetes-${kubernetes}`, "bin"),
    awsTools: join(cache, "aws-tools", "bin"),
    wireguard: join(cache, "wireguard-go", "bin", "wireguard"),
  };
  return {
    ...host,
    etcd: join(cache, "etcd", "etcd"),
    machine: isForeign(arch)
      ? crossBuilt(kubernetes, arch)
      : {
          kubelet: join(host.kubernetes, "kubelet"),
          credentialProvider: join(host.awsTools, "ecr-credential-provider"),
          wireguard: host.wireguard,
        },
    containerd: containerd === "debian" ? undefined : join(cache, `containerd-${containerd}`, "bin"),
  };
}

/** Builds what is not in the cache yet. */
export async function ensurePrograms({ kubernetes, containerd, arch }: Versions, progress: Progress): Promise<void> {
  await ensureEtcd(progress);
  await buildKubernetes(kubernetes, progress);
  await buildAwsTools(progress);
  await buildWireguard(progress);
  if (isForeign(arch)) await crossBuild(kubernetes, arch, progress);
  if (containerd !== "debian") await buildContainerd(containerd, progress);
}
