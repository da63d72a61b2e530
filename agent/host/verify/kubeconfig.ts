// The kubeconfig that kubectl would use: one file, or the several of KUBECONFIG.
import { existsSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";

/** Which files, in kubectl's order, and which context of them. */
export interface KubeconfigFiles {
  readonly files: readonly string[];
  readonly context?: string;
}

/** Reads the files; as with kubectl the first one that names a thing counts. @throws Error when they cannot be used */
export function readKubeconfig({ files, context }: KubeconfigFiles): KubeConfig {
  // kubectl skips a file of KUBECONFIG that is not there, when there are others.
  const [first = "", ...others] = files.length > 1 ? files.filter((file) => existsSync(file)) : files;
  const config = new KubeConfig();
  config.loadFromFile(first);
  for (const file of others) merge(config, file);
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() === null)
    throw new Error(`it has no context ${config.getCurrentContext() ?? ""} with a cluster`);
  return config;
}

/** The client's own merge refuses a name that is there already. */
function merge(config: KubeConfig, file: string): void {
  const other = new KubeConfig();
  other.loadFromFile(file);
  config.clusters = firstOfEach([...config.clusters, ...other.clusters]);
  config.users = firstOfEach([...config.users, ...other.users]);
  config.contexts = firstOfEach([...config.contexts, ...other.contexts]);
  config.currentContext ||= other.currentContext;
}

function firstOfEach<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return items.filter(({ name }, index) => items.findIndex((other) => other.name === name) === index);
}
