// A bare TCP connection.
import { connect } from "node:net";
import type { Host } from "../host.ts";

/** Resolves with how the attempt ended, at the latest when its time is over. */
export function reachTcp(address: string, port: number, timeoutSeconds: number): ReturnType<Host["reach"]> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Host["reach"]>>>();
  const socket = connect({ host: address, port });
  const late = setTimeout(() => resolve("silent"), timeoutSeconds * 1000);
  socket.once("connect", () => resolve("ok"));
  socket.once("error", (error) => resolve((error as { code?: string }).code === "ECONNREFUSED" ? "refused" : "silent"));
  return promise.finally(() => {
    clearTimeout(late);
    socket.destroy();
  });
}
