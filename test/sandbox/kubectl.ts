// kubectl, and the kubeconfigs of the cluster's administrator and controllers.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import type { Addresses } from "./addresses.ts";
import { clean } from "./environment.ts";
import { clusterName, writeAtomic } from "./state.ts";

/** Who has a client certificate, and so a kubeconfig. */
const clients = ["admin", "controller-manager", "scheduler", "cloud-controller"] as const;
type Client = (typeof clients)[number];

/** kubectl with the administrator's kubeconfig. */
export function runKubectl(folder: string, bin: string, args: readonly string[], input?: string) {
  const kubeconfig = kubeconfigPath(folder, "admin");
  return execa(join(bin, "kubectl"), ["--kubeconfig", kubeconfig, ...args], {
    ...clean(),
    ...(input === undefined ? {} : { input }),
  });
}

/** Path of a component's kubeconfig. */
export function kubeconfigPath(folder: string, name: Client): string {
  return join(folder, "kubeconfig", `${name}.yaml`);
}

/** Writes the kubeconfigs of the administrator and of the controllers. */
export async function writeKubeconfigs(folder: string, addresses: Addresses): Promise<void> {
  await mkdir(join(folder, "kubeconfig"), { recursive: true });
  for (const name of clients) {
    const pki = join(folder, "pki");
    const user = { "client-certificate": join(pki, `${name}.crt`), "client-key": join(pki, `${name}.key`) };
    const cluster = { server: `https://${addresses.api}`, "certificate-authority": join(pki, "ca.crt") };
    const text = stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: clusterName, cluster }],
      users: [{ name, user }],
      contexts: [{ name: clusterName, context: { cluster: clusterName, user: name } }],
      "current-context": clusterName,
    });
    await writeAtomic(kubeconfigPath(folder, name), text, 0o600);
  }
}
