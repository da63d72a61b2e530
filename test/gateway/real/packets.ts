// Packets of a trial: `echo ADDRESS` sends back what comes; `count FROM TO COUNT EVERY_MS` prints how many of its own came back.
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";

export const ECHO_PORT = 7;
/** For what is on its way when the last one has been sent. */
const LAST_MS = 1000;

function echo(address: string): void {
  const socket = createSocket("udp4");
  socket.on("message", (message, { address: to, port }) => socket.send(message, port, to));
  socket.bind(ECHO_PORT, address);
}

async function count(from: string, to: string, packets: number, everyMs: number): Promise<void> {
  const socket = createSocket("udp4");
  const seen = new Set<string>();
  socket.on("message", (message) => void seen.add(message.toString()));
  socket.on("error", () => undefined); // A router's word that the packet goes nowhere.
  socket.bind(0, from);
  for (let packet = 0; packet < packets; packet += 1) {
    socket.send(String(packet), ECHO_PORT, to, () => undefined);
    await sleep(everyMs);
  }
  await sleep(LAST_MS);
  socket.close();
  console.log(seen.size);
}

if (import.meta.main) {
  const [mode, first = "", to = "", packets, everyMs] = process.argv.slice(2);
  if (mode === "echo") echo(first);
  else await count(first, to, Number(packets), Number(everyMs));
}
