// Packets of a trial: `echo ADDRESS` sends back what comes; `count FROM TO COUNT EVERY_MS` prints how many of its own came back;
// `talk TO BLOCKS EVERY_MS BYTES` prints how many blocks came back whole over one TCP connection; `hear` as many that are not asked for.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const ECHO_PORT = 7;
const TELL_PORT = 9;
/** For what is on its way when the last one has been sent. */
const LAST_MS = 1000;
/** Of a TCP connection; a retransmission comes after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s. */
const STUCK_MS = 14_000;

function echo(address: string): void {
  const socket = createSocket("udp4");
  socket.on("message", (message, { address: to, port }) => socket.send(message, port, to));
  socket.bind(ECHO_PORT, address);
  createServer((client) => client.on("error", () => undefined).pipe(client)).listen(ECHO_PORT, address);
  createServer((client) => {
    client.on("error", () => undefined);
    client.once("data", (order) => void tell(client, JSON.parse(order.toString())));
  }).listen(TELL_PORT, address);
}

interface Order {
  readonly blocks: number;
  readonly everyMs: number;
  readonly bytes: number;
}

async function tell(client: Socket, { blocks, everyMs, bytes }: Order): Promise<void> {
  for (let told = 0; told < blocks; told += 1) {
    client.write(Buffer.alloc(bytes));
    await sleep(everyMs);
  }
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

/** One block at a time, or all of one order; a block that does not come within {@link STUCK_MS} is the last one. */
async function converse(mode: "talk" | "hear", to: string, order: Order): Promise<void> {
  const { blocks, everyMs, bytes } = order;
  const socket = connect(mode === "talk" ? ECHO_PORT : TELL_PORT, to);
  socket.on("error", () => undefined); // A router's word; the trial ends when its time is over.
  if (mode === "hear") socket.write(JSON.stringify(order));
  let came = 0;
  for (; came < blocks; came += 1) {
    if (mode === "talk") socket.write(Buffer.alloc(bytes));
    if (!(await comes(socket, bytes))) break;
    if (mode === "talk") await sleep(everyMs);
  }
  socket.destroy();
  console.log(came);
}

async function comes(socket: Socket, bytes: number): Promise<boolean> {
  const signal = AbortSignal.timeout(STUCK_MS);
  for (let left = bytes; left > 0; ) {
    const part: Buffer | null = socket.read(Math.min(left, socket.readableLength));
    left -= part?.length ?? 0;
    if (
      part === null &&
      !(await once(socket, "readable", { signal }).then(
        () => true,
        () => false,
      ))
    )
      return false;
  }
  return true;
}

if (import.meta.main) {
  const [mode, first = "", to = "", packets, everyMs] = process.argv.slice(2);
  if (mode === "echo") echo(first);
  else if (mode === "talk" || mode === "hear")
    await converse(mode, first, { blocks: Number(to), everyMs: Number(packets), bytes: Number(everyMs) });
  else await count(first, to, Number(packets), Number(everyMs));
}
