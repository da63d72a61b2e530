// `kubectl port-forward` for as long as a test needs it.
import { join } from "node:path";
import { execa } from "execa";
import { clean } from "../../sandbox/environment.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { waitFor } from "../../sandbox/wait.ts";

/** Fetches `/` of a target's port through kubectl. @throws Error with kubectl's words when it opens no port */
export async function fetchForwarded(sandbox: Sandbox, target: string, port: number): Promise<string> {
  const command = ["--kubeconfig", sandbox.kubeconfig, "port-forward", target, `:${port}`];
  const kubectl = execa(join(sandbox.programs.kubernetes, "kubectl"), command, {
    ...clean(),
    reject: false,
    all: true,
  });
  let said = "";
  kubectl.all.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  try {
    const wait = { what: "kubectl to forward a port", deadlineMs: 30_000, explain: () => said };
    const opened = await waitFor(wait, async () => /Forwarding from (127\.0\.0\.1:\d+)/.exec(said)?.[1]);
    return await (await fetch(`http://${opened}/`, { signal: AbortSignal.timeout(15_000) })).text();
  } finally {
    kubectl.kill();
    await kubectl;
  }
}
