// An application in the VPC: what a pod of the satellite calls by its Service.
import { join } from "node:path";
import { inNamespace } from "../network.ts";
import { startDaemon } from "../process.ts";
import type { Sandbox } from "../sandbox.ts";
import { podNamespace, renderService } from "./vpc-pod.ts";

/** Its Service. */
export const appService = { name: "app-in-the-vpc", namespace: "default", clusterIP: "10.100.0.40" } as const;

const port = 8080;

/** Starts it unless it runs. */
export async function startApp(sandbox: Sandbox): Promise<void> {
  const { folder, addresses } = sandbox;
  const command = [process.execPath, join(import.meta.dirname, "app-server.ts"), addresses.appPod, String(port)];
  await startDaemon(folder, { name: "vpc-app", command: inNamespace(podNamespace(addresses), command) });
  const ports = [{ name: "http", port: 80, targetPort: port }];
  await sandbox.kubectl(["apply", "--filename=-"], renderService(appService, addresses.appPod, ports));
}
