// The runner's side of what AWS says to it alone, over the socket of aws/hypervisor.py.
import { request } from "node:http";
import type { InstanceState } from "../vpc/cloud.ts";
import type { RoleCredentials } from "./metadata-tree.ts";

/** A socket's path has at most 107 bytes, and a sandbox's folder may have more. */
export function hypervisorPath(slot: number): string {
  return `/run/eks-satellite-sandbox/${slot}.hypervisor`;
}

/** Reports what an instance has become. @throws Error when AWS does not know it, or is away */
export async function reportState(slot: number, id: string, state: InstanceState): Promise<void> {
  const { status } = await ask(slot, "PUT", `/instances/${id}`, { state });
  if (status !== 200) throw new Error(`AWS answered ${status} to state ${state} of ${id}`);
}

/** Keys for the role of an instance, new ones each time; undefined when it has no role. @throws Error when AWS is away */
export async function readCredentials(slot: number, id: string): Promise<RoleCredentials | undefined> {
  const { status, text } = await ask(slot, "GET", `/instances/${id}/credentials`);
  return status === 200 ? JSON.parse(text) : undefined;
}

function ask(slot: number, method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: hypervisorPath(slot), method, path, timeout: 10_000, agent: false };
    const call = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on("timeout", () => call.destroy(new Error("AWS does not answer the runner")));
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
