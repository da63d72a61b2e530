// The cluster of the tests: a sandbox in a VPC whose one schedulable node is a satellite with pods of its own addresses.
import { RoutedNode } from "../e2e/network/routed.ts";
import { down } from "../sandbox/down.ts";
import { openSandbox, type Sandbox } from "../sandbox/sandbox.ts";

export interface Cluster {
  readonly sandbox: Sandbox;
  close(): Promise<void>;
}

/** Brings it up anew with this etcd, or takes over one that an earlier run kept and whose node is still Ready. */
export async function openCluster(folder: string, etcd: string): Promise<Cluster> {
  const kept = await takeOver(folder);
  if (kept !== undefined) return { sandbox: kept, close: () => down(folder) };
  const node = await RoutedNode.bringUp({ folder, etcd });
  await node.route();
  return { sandbox: node.connected.sandbox, close: () => node.connected.close() };
}

async function takeOver(folder: string): Promise<Sandbox | undefined> {
  try {
    const sandbox = await openSandbox(folder);
    await sandbox.waitForNode(undefined, 5000);
    return sandbox;
  } catch {
    return undefined; // none was kept, or it is of no use any more
  }
}
