// What makes cluster IPs and cluster names work: kube-proxy on the node, cluster DNS and an application in the VPC.
import type { Sandbox } from "../sandbox.ts";
import type { Progress } from "../step.ts";
import { plugWorker } from "../vpc/worker.ts";
import { startApp } from "./app.ts";
import { startClusterDns } from "./cluster-dns.ts";
import { installKubeProxy } from "./kube-proxy.ts";
import { giveAddress, renderEndpoints } from "./vpc-pod.ts";

/** The cluster's services, as one of EKS's two default ranges has them. */
const serviceRange = "10.100.0.0/16";

/** Brings all of it up, and converges what is there. */
export async function startServices(sandbox: Sandbox, progress: Progress): Promise<void> {
  const { addresses } = sandbox;
  await progress.step("kube-proxy", () => installKubeProxy(sandbox));
  if (addresses.vpc) await plugWorker(sandbox, [addresses.dnsPod, addresses.appPod]);
  else await standIn(sandbox);
  await startClusterDns(sandbox, progress);
  await progress.step("application in the VPC", () => startApp(sandbox));
}

/** Without a VPC the control plane has the pods' addresses, and the machine is beside it. */
async function standIn(sandbox: Sandbox): Promise<void> {
  const { addresses } = sandbox;
  await sandbox.kubectl(["apply", "--filename=-"], renderApiEndpoints(addresses.api));
  await routeServices(sandbox);
  for (const address of [addresses.dnsPod, addresses.appPod]) await giveAddress(addresses, address);
}

/** Without it the kernel chooses the uplink's address as source, which the control plane does not answer. */
export async function routeServices({ addresses, machine }: Pick<Sandbox, "addresses" | "machine">): Promise<void> {
  await machine.run(["ip", "route", "replace", serviceRange, "dev", "eth0", "src", addresses.node]);
}

/** The API server is started without its own reconciler: EKS writes these itself. */
function renderApiEndpoints(api: string): string {
  return renderEndpoints({ name: "kubernetes", namespace: "default" }, api, [{ name: "https", port: 443 }]);
}
