// Sends back what a satellite's watch sends each few seconds, with what it asks for: this proves both directions of the tunnel, and that this
// process runs.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { answerKnock, type PulseRole } from "../../host/reach/knock-answer.ts";

export interface KnockServerOptions {
  readonly address: string;
  readonly port: number;
  readonly isSatellite: (address: string) => boolean;
  readonly onKnock: (address: string) => void;
  /** What a pulse is answered. */
  readonly role: () => PulseRole;
  /** Of what the health says to this address; undefined where it is no node's. */
  readonly digest: (address: string) => string | undefined;
}

/** A knock has eight, and a probe fills a packet of the tunnel: of a VPC with jumbo frames that is so much, less the headers of IPv4 and UDP. */
export const MAX_KNOCK_BYTES = 8921 - 28;
/** The ports of services, which would answer an echo in turn. */
const SERVICE_PORTS = 1024;

/** Answers until the signal aborts. Resolves when it listens; rejects with the system's error. */
export async function serveKnocks(options: KnockServerOptions, signal: AbortSignal): Promise<void> {
  const socket = createSocket({ type: "udp4", signal });
  socket.bind(options.port, options.address);
  await once(socket, "listening");
  socket.on("error", () => undefined); // An asker that has gone: it will ask again.
  socket.on("message", (message, asker) => answer(socket, options, { message, asker }));
}

function answer(
  socket: Socket,
  { port, isSatellite, onKnock, role, digest }: KnockServerOptions,
  { message, asker }: { readonly message: Buffer; readonly asker: RemoteInfo },
): void {
  if (message.length > MAX_KNOCK_BYTES || asker.port < SERVICE_PORTS || asker.port === port) return;
  if (!isSatellite(asker.address)) return;
  const answered = answerKnock(message, { role, digest: () => digest(asker.address) });
  socket.send(answered, asker.port, asker.address, () => undefined);
  onKnock(asker.address);
}
