// QEMU's machine protocol: one command to one QEMU over its socket.
import { createConnection } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const deadlineMs = 10_000;

/** Where a sandbox's QEMU listens. A socket's path has at most 107 bytes, and a sandbox's folder may have more. */
export function qmpPath(slot: number): string {
  return join("/run/eks-satellite-sandbox", `${slot}.qmp`);
}

/** Gives QEMU one command and returns its answer. @throws Error with QEMU's own words when it refuses. */
export async function askQemu(path: string, execute: string, args: Record<string, unknown> = {}): Promise<unknown> {
  const socket = createConnection(path);
  socket.setTimeout(deadlineMs, () => socket.destroy(new Error(`QEMU did not answer ${execute} within 10 s`)));
  const failed = new Promise<never>((_, reject) => socket.once("error", reject));
  try {
    return await Promise.race([failed, converse(socket, execute, args)]);
  } finally {
    socket.destroy();
  }
}

/** QEMU greets, takes commands once its capabilities were agreed on, and reports events in between. */
async function converse(socket: NodeJS.ReadWriteStream, execute: string, args: Record<string, unknown>) {
  const tell = (command: object) => socket.write(`${JSON.stringify(command)}\n`);
  for await (const line of createInterface({ input: socket })) {
    const message = JSON.parse(line);
    if (message.QMP !== undefined) tell({ execute: "qmp_capabilities", id: "greeting" });
    else if (message.error !== undefined) throw new Error(`QEMU refused ${execute}: ${message.error.desc}`);
    else if (message.id === "greeting") tell({ execute, arguments: args, id: "command" });
    else if (message.id === "command") return message.return;
  }
  throw new Error(`QEMU closed its socket before it answered ${execute}`);
}
