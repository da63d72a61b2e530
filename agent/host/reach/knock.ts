// A knock at a UDP port: a few bytes there, and as many back, with what the knock asks for.
// A kept socket costs a third of a TCP connection.
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { optional } from "../../optional.ts";
import type { Host } from "../host.ts";
import { CHANGE_KNOCK_BYTES, isAnswerTo, PULSE_BYTES, readDigest, readRole, TOKEN_BYTES } from "./knock-answer.ts";

/** What came back, or why nothing did. */
type Answer = Buffer | "refused" | "silent";

const MAX_SOCKETS = 4;

/** Keeps a socket for each place that answers. A silent one gets another socket: routes and addresses may have changed since. */
export function createKnocker(): Host["knock"] {
  const send = createSender();
  return async (address, port, timeoutSeconds, bytes = TOKEN_BYTES) => {
    const answer = await send({ address, port, timeoutSeconds, bytes });
    return typeof answer === "string" ? answer : "ok";
  };
}

/** As {@link createKnocker}, with the role that a gateway says. */
export function createPulse(): Host["pulse"] {
  const send = createSender();
  return async (address, port, timeoutSeconds) => {
    const answer = await send({ address, port, timeoutSeconds, bytes: PULSE_BYTES, isAnswer: hasRole });
    return typeof answer === "string" ? answer : (readRole(answer) ?? "ok");
  };
}

/** As {@link createKnocker}, with the digest that a gateway says. */
export function createChangeKnocker(): Host["knockForChange"] {
  const send = createSender();
  return async (address, port, timeoutSeconds) => {
    const answer = await send({ address, port, timeoutSeconds, bytes: CHANGE_KNOCK_BYTES });
    return typeof answer === "string"
      ? { reach: answer }
      : { reach: "ok", ...optional({ digest: readDigest(answer) }) };
  };
}

function createSender(): (where: Knock) => Promise<Answer> {
  const kept = new Map<string, Socket>();
  return async (where) => {
    const { address, port } = where;
    const place = `${address}:${port}`;
    const socket = kept.get(place) ?? openSocket();
    kept.delete(place);
    const answer = await knock(socket, where).catch(() => "silent" as const); // No way leads there.
    if (answer === "silent" || kept.has(place)) socket.close();
    else keep(kept, place, socket);
    return answer;
  };
}

/** It keeps no process alive, and what comes between two knocks is nothing to anyone. */
function openSocket(): Socket {
  const socket = createSocket("udp4").unref();
  return socket.on("error", () => undefined);
}

function keep(kept: Map<string, Socket>, place: string, socket: Socket): void {
  kept.set(place, socket);
  const [oldest] = kept;
  if (kept.size <= MAX_SOCKETS || oldest === undefined) return;
  oldest[1].close();
  kept.delete(oldest[0]);
}

interface Knock {
  readonly address: string;
  readonly port: number;
  readonly timeoutSeconds: number;
  readonly bytes: number;
  /** What an answer must have besides the token. Default: nothing. */
  readonly isAnswer?: (answer: Buffer) => boolean;
}

function hasRole(answer: Buffer): boolean {
  return readRole(answer) !== undefined;
}

async function knock(socket: Socket, { address, port, timeoutSeconds, bytes, isAnswer }: Knock): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const late = setTimeout(() => resolve("silent"), timeoutSeconds * 1000);
  const token = Buffer.alloc(bytes);
  randomBytes(TOKEN_BYTES).copy(token);
  const onMessage = (message: Buffer) => {
    if (isAnswerTo(token, message) && isAnswer?.(message) !== false) resolve(message);
  };
  const onError = ({ code }: Error & { code?: string }) => resolve(code === "ECONNREFUSED" ? "refused" : "silent");
  socket.on("message", onMessage).on("error", onError);
  try {
    if (!isConnected(socket)) {
      // A connected socket hears of a port that nothing listens on.
      socket.connect(port, address);
      await once(socket, "connect");
    }
    socket.send(token);
    return await promise;
  } finally {
    clearTimeout(late);
    socket.off("message", onMessage).off("error", onError);
  }
}

function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    return false; // ERR_SOCKET_DGRAM_NOT_CONNECTED: it is new.
  }
}
