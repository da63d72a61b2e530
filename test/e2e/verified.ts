// What an administrator's `verify` says of some rows of a sandbox's node.
import { join } from "node:path";
import { execa } from "execa";
import { clean } from "../sandbox/environment.ts";
import { webImage } from "../sandbox/images.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

const MAIN = join(import.meta.dirname, "../../agent/main.ts");

/** Runs it with the cluster administrator's kubeconfig, and returns what it prints. */
export async function verified({ kubeconfig, nodeName }: Sandbox, ...rows: readonly string[]): Promise<string> {
  const options = ["--kubeconfig", kubeconfig, "--image", webImage, "--node", nodeName, "--only", ...rows];
  return (await execa(process.execPath, [MAIN, "verify", ...options], { ...clean(), reject: false })).stdout;
}
