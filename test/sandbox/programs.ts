// The programs of one sandbox, from the cache; what is not there yet is built or fetched.
import { join } from "node:path";
import { ensureEtcd } from "./debian.ts";
import { buildAwsTools, buildContainerd, buildKubernetes, buildWireguard } from "./go-builds.ts";
import { cacheFolder, type SandboxFacts } from "./state.ts";
import type { Progress } from "./step.ts";

/** Where the programs are. */
export interface Programs {
  /** etcd itself. */
  readonly etcd: string;
  /** Folder of kube-apiserver, kubectl, kubelet and the rest. */
  readonly kubernetes: string;
  /** Folder of aws-iam-authenticator and ecr-credential-provider. */
  readonly awsTools: string;
  /** wireguard-go itself. */
  readonly wireguard: string;
  /** Folder of another containerd; undefined when the machine has Debian's. */
  readonly containerd: string | undefined;
}

/** The versions that decide which programs a sandbox has. */
export type Versions = Pick<SandboxFacts, "kubernetes" | "containerd">;

/** Where the programs are once they have been built. */
export function programsOf({ kubernetes, containerd }: Versions): Programs {
  const cache = cacheFolder();
  return {
    etcd: join(cache, "etcd", "etcd"),
    kubernetes: join(cache, `kubernetes-${kubernetes}`, "bin"),
    awsTools: join(cache, "aws-tools", "bin"),
    wireguard: join(cache, "wireguard-go", "bin", "wireguard"),
    containerd: containerd === "debian" ? undefined : join(cache, `containerd-${containerd}`, "bin"),
  };
}

/** Builds what is not in the cache yet. */
export async function ensurePrograms({ kubernetes, containerd }: Versions, progress: Progress): Promise<void> {
  await ensureEtcd(progress);
  await buildKubernetes(kubernetes, progress);
  await buildAwsTools(progress);
  await buildWireguard(progress);
  if (containerd !== "debian") await buildContainerd(containerd, progress);
}
