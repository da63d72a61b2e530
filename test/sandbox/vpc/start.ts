// What `up` starts for a sandbox in a VPC.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Addresses } from "../addresses.ts";
import { runKubectl } from "../kubectl.ts";
import { startDaemon } from "../process.ts";
import { apiEniAddresses } from "./addresses.ts";
import { readCloud } from "./cloud.ts";
import { plugControlPlane } from "./control-plane.ts";
import { fabricDaemon, settle } from "./settle.ts";

/** Plugs the control plane into the VPC and lets the fabric follow AWS; AWS must be up. */
export async function startFabric(folder: string, addresses: Addresses): Promise<void> {
  const { vpc } = addresses;
  if (vpc === undefined) throw new Error(`the sandbox in ${folder} has no VPC`);
  await plugControlPlane(addresses, vpc, await readCloud(folder));
  const program = join(import.meta.dirname, "vpc-fabric.ts");
  const command: [string, string, string] = [process.execPath, program, folder];
  await startDaemon(folder, { name: fabricDaemon, command, restartOn: await sourceText() });
  await settle(folder, vpc);
}

/** All of the fabric's program: an edit of it restarts the fabric at the next `up`. */
async function sourceText(): Promise<string> {
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".ts")).sort();
  return (await Promise.all(files.map((name) => readFile(join(import.meta.dirname, name), "utf8")))).join("");
}

/** Writes where the API server is in the VPC, as EKS's does by itself; this one has --endpoint-reconciler-type=none. */
export async function publishApiServer(folder: string, kubernetes: string): Promise<void> {
  await runKubectl(folder, kubernetes, ["apply", "--filename=-"], renderEndpoints());
}

function renderEndpoints(): string {
  const port = { name: "https", port: 443, protocol: "TCP" };
  const metadata = { name: "kubernetes", namespace: "default" };
  const endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: apiEniAddresses.map((ip) => ({ ip })), ports: [port] }],
  };
  const slice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: "IPv4",
    endpoints: apiEniAddresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [port],
  };
  return [endpoints, slice].map((each) => stringify(each)).join("---\n");
}
