// How much comes to the machine through the tunnel, and how much without it, over the same NAT: bytes of TCP for some seconds.
import { execIn } from "../sandbox/links.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { tunnelAddress } from "./silence.ts";

const PORT = 8443;
const SECONDS = 6;

/** Takes what comes for some seconds, and prints the bits of each second in millions. */
const SINK = (begin: string) => `
  const net = require("node:net");
  let bytes = 0, beganMs = 0;
  const take = (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => { beganMs ||= Date.now(); bytes += chunk.length; });
    setTimeout(() => { console.log(bytes * 8 / 1000 / (Date.now() - beganMs)); process.exit(0); }, ${SECONDS * 1000});
  };
  setTimeout(() => process.exit(1), 30000);
  ${begin}`;
/** Sends until it is cut off. */
const SOURCE = (begin: string) => `
  const net = require("node:net");
  const chunk = Buffer.alloc(65536);
  const give = (socket) => {
    socket.on("error", () => process.exit(0));
    socket.on("close", () => process.exit(0));
    const more = () => { while (socket.write(chunk)); };
    socket.on("drain", more);
    more();
  };
  setTimeout(() => process.exit(1), 30000);
  ${begin}`;

/** Mbit/s of either. */
export async function measureThroughput(
  sandbox: Sandbox,
): Promise<{ readonly tunnel: number; readonly direct: number }> {
  const { addresses } = sandbox;
  const { vpc } = addresses;
  if (vpc === undefined) throw new Error("the sandbox has no VPC");
  const address = await tunnelAddress(sandbox);
  const listen = (work: string, host: string) =>
    `net.createServer((socket) => ${work}(socket)).listen(${PORT}, "${host}");`;
  // The other end may not listen yet.
  const dial = (work: string, host: string) => `
    const dial = () => {
      const socket = net.connect(${PORT}, "${host}", () => { socket.removeAllListeners("error"); ${work}(socket); });
      socket.on("error", () => setTimeout(dial, 200));
    };
    dial();`;
  const run = async (sink: readonly [string, string], source: readonly [string, string]) => {
    const [taken] = await Promise.all([
      execIn(sink[0], [process.execPath, "--eval", SINK(sink[1])]),
      execIn(source[0], [process.execPath, "--eval", SOURCE(source[1])]),
    ]);
    return Number(taken.stdout.trim());
  };
  const tunnel = await run(
    [addresses.machineNamespace, listen("take", address)],
    [addresses.controlNamespace, dial("give", address)],
  );
  const direct = await run(
    [addresses.machineNamespace, dial("take", vpc.wayOut.inside)],
    [vpc.internetNamespace, listen("give", vpc.wayOut.inside)],
  );
  return { tunnel, direct };
}
