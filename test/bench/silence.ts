// How long the control plane's side hears nothing from kubelet's port: a connection each 50 ms, from the control plane's namespace.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { inNamespace } from "../sandbox/network.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { nodeName } from "../sandbox/state.ts";

const KUBELET_PORT = 10_250;
const IDLE_MS = 4000;
/** A silence is over when answers have come for so long. */
const STEADY_MS = 2000;
const DEADLINE_MS = 60_000;

/** Prints the time of each connection that succeeds. */
const PROBE = (address: string) => `
  const { connect } = require("node:net");
  setInterval(() => {
    const socket = connect({ host: "${address}", port: ${KUBELET_PORT}, timeout: 400 });
    socket.on("connect", () => { console.log(Date.now()); socket.destroy(); });
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => undefined);
  }, 50);`;

export interface Silence {
  /** The longest time between two answers, or from the fault's end to the first one. */
  readonly seconds: number;
  /** Of that, what lies after the fault's end, when the gateway runs again. */
  readonly afterFaultSeconds: number;
}

export async function measureSilence(
  sandbox: Sandbox,
  { fault, isIdle }: { readonly fault: () => Promise<unknown>; readonly isIdle: boolean },
): Promise<Silence> {
  if (!isIdle)
    return watch(sandbox, isIdle, async () => {
      await delay(STEADY_MS);
      await fault();
      return Date.now();
    });
  await delay(IDLE_MS);
  await fault();
  const endedMs = Date.now();
  return watch(sandbox, isIdle, async () => endedMs);
}

async function watch(sandbox: Sandbox, isIdle: boolean, fault: () => Promise<number>): Promise<Silence> {
  const address = await tunnelAddress(sandbox);
  const [command = "", ...args] = inNamespace(sandbox.addresses.controlNamespace, [
    process.execPath,
    "--eval",
    PROBE(address),
  ]);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const times: number[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => times.push(Number(line)));
  try {
    const endedMs = await fault();
    await untilSteady(times);
    return longestSilence(isIdle ? [endedMs, ...times] : times, endedMs);
  } finally {
    child.kill("SIGKILL");
  }
}

/** Of the times of answers in milliseconds. */
export function longestSilence(times: readonly number[], endedMs: number): Silence {
  const gaps = times.map((time, index) => ({ ms: time - (times[index - 1] ?? time), untilMs: time }));
  const longest = gaps.reduce((one, other) => (other.ms > one.ms ? other : one));
  return { seconds: longest.ms / 1000, afterFaultSeconds: Math.max(0, longest.untilMs - endedMs) / 1000 };
}

async function untilSteady(times: readonly number[]): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  await delay(1500);
  while (times.filter((time) => time > Date.now() - STEADY_MS).length < STEADY_MS / 100) {
    if (Date.now() > deadline) throw new Error(`kubelet's port did not answer again within ${DEADLINE_MS} ms`);
    await delay(100);
  }
}

/** The Node's address, which is the machine's in the tunnel. */
export function tunnelAddress(sandbox: Sandbox): Promise<string> {
  const path = "jsonpath={.status.addresses[?(@.type=='InternalIP')].address}";
  return sandbox.kubectl(["get", "node", nodeName, `--output=${path}`]);
}
