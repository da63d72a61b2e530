// Packets at 20 a second while something is done to the tunnel, from both of its ends at once: each that does not come back counts.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { execIn } from "../../sandbox/links.ts";
import type { Connected } from "./connected.ts";

const EVERY_MS = 50;
/** An answer that comes later than this after the last packet is lost. */
const LAST_MS = 2000;
/** Of the node: the VPC may send it anything. Of the gateway: its port of knocks, which sends back up to 16 bytes. */
const [NODE_PORT, GATEWAY_PORT] = [7007, 51821];

export interface Pinged {
  readonly sent: number;
  readonly received: number;
  /** The longest time without an answer, from a packet to the answer of a later one, milliseconds. */
  readonly silenceMs: number;
  /** The longest time by which a packet was sent too late, milliseconds: how long a program here waited for a processor. */
  readonly lateMs: number;
}

const echo = (address: string) => `
  const socket = require("dgram").createSocket("udp4");
  socket.on("message", (text, { address, port }) => socket.send(text, port, address));
  socket.bind(${NODE_PORT}, "${address}", () => console.log("listening"));`;

/** Each packet has a number, and its time is kept: what comes back out of order counts as it came. Prints a {@link Pinged}. */
const ping = (from: string, to: string, port: number, count: number) => `
  const socket = require("dgram").createSocket("udp4");
  const seen = new Set();
  let lastMs = performance.now(), sentMs = lastMs, silenceMs = 0, lateMs = 0, sent = 0;
  socket.on("error", () => {});
  socket.on("message", (text) => {
    if (seen.has(String(text))) return;
    seen.add(String(text));
    silenceMs = Math.max(silenceMs, performance.now() - lastMs);
    lastMs = performance.now();
  });
  socket.bind(0, ${JSON.stringify(from)} || undefined, () => {
    const timer = setInterval(() => {
      lateMs = Math.max(lateMs, performance.now() - sentMs - ${EVERY_MS});
      sentMs = performance.now();
      socket.send(String(sent++), ${port}, "${to}", () => {});
      if (sent < ${count}) return;
      clearInterval(timer);
      setTimeout(() => {
        const received = seen.size;
        console.log(JSON.stringify({ sent, received, silenceMs: Math.round(silenceMs), lateMs: Math.round(lateMs) }));
        process.exit(0);
      }, ${LAST_MS});
    }, ${EVERY_MS});
  });`;

/** Pings the node from the control plane, and the gateway from the node, while the work is done. */
export async function whilePinging(
  { sandbox, satellite }: Connected,
  count: number,
  work: () => Promise<void>,
): Promise<{ readonly toNode: Pinged; readonly toGateway: Pinged }> {
  const { controlNamespace, machineNamespace } = sandbox.addresses;
  const [, node = ""] =
    /inet (\S+)\/32 .* lo:es0/.exec(await satellite.box("ip", "address", "show", "dev", "lo")) ?? [];
  const gateway = (await sandbox.vpc.cloud()).interfaces.find(({ publicAddress }) => publicAddress !== null);
  assert.ok(gateway !== undefined && node !== "", "the tunnel has two ends");
  const server = await serve(machineNamespace, echo(node));
  try {
    const [toNode, toGateway] = await Promise.all([
      run(controlNamespace, ping("", node, NODE_PORT, count)),
      run(machineNamespace, ping(node, gateway.address, GATEWAY_PORT, count)),
      work(),
    ]);
    return { toNode, toGateway };
  } finally {
    server.kill();
  }
}

/**
 * A key that changes costs no packet but those that are under way at that moment: what the other end has encrypted for the earlier key.
 * That is none where its program runs when it has something to do. Where programs wait for a processor, as this one has seen, they are more.
 * @throws AssertionError when more were lost
 */
export function assertNoneLost(
  what: string,
  pinged: Readonly<Record<string, Pinged>>,
  { pings, changes }: { readonly pings: number; readonly changes: number },
): void {
  // The page promises it, so the output says it.
  console.log(what, JSON.stringify(pinged));
  const lateMs = Math.max(...Object.values(pinged).map((one) => one.lateMs));
  const underWay = changes * Math.floor(lateMs / EVERY_MS);
  for (const { sent, received } of Object.values(pinged)) {
    assert.equal(sent, pings);
    assert.ok(sent - received <= underWay, `${sent - received} lost, ${underWay} under way`);
  }
}

async function run(namespace: string, program: string): Promise<Pinged> {
  return JSON.parse((await execIn(namespace, [process.execPath, "--eval", program])).stdout);
}

async function serve(namespace: string, program: string): Promise<ChildProcess> {
  const command = ["netns", "exec", namespace, process.execPath, "--eval", program];
  const child = spawn("ip", command, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}
