// How long it may take until the other gateway carries the traffic, and how long it does.
import { execIn } from "../../sandbox/links.ts";
import { waitFor } from "../../sandbox/wait.ts";

/** Of a ping, and of a connection that is new. */
export const FAILOVER_MS = 6000;

/** Of what a pod prints where a gateway hands over in order: a segment that is lost by chance is sent again sooner. */
export const HANDOVER_MS = 2000;

/**
 * Of a connection that is there already: TCP sends again at ever longer intervals, the next time after twice the silence at the latest and
 * what it waited first, 3 s where the connection began in another silence.
 */
export function resumedMs(silenceMs: number): number {
  return 2 * silenceMs + 3000;
}

/** An attempt that fails takes this long. */
export const CONNECT_MS = 500;

/** Waits until kubelet's port takes a new connection of the control plane. */
export async function untilConnected(controlNamespace: string, address: string): Promise<void> {
  const wait = { what: "kubelet's port to take a connection", deadlineMs: 30_000, intervalMs: 50 };
  const connect = ["timeout", String(CONNECT_MS / 1000), "bash", "-c", `exec 3<>/dev/tcp/${address}/10250`];
  await waitFor(wait, () => execIn(controlNamespace, connect).then(() => true));
}

/** How long it takes, milliseconds. */
export async function timeOf(work: Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work;
  return Math.round(performance.now() - beganMs);
}
