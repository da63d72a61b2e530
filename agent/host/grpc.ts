// One unary gRPC call over a unix socket on node:http2. The agent makes a single kind of call, with an empty request,
// a few times a minute; @grpc/grpc-js and its code generator would cost more memory than the rest of the agent's own code.
import { connect as connectHttp2, constants } from "node:http2";
import { connect as connectSocket } from "node:net";
import { SatelliteError } from "../errors.ts";
import type { GrpcRequest, GrpcResponse } from "./host.ts";

/** gRPC's length prefix: one byte of flags, four of length (PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5;
const UNKNOWN = 2;

/** Calls a method and collects its one reply. @throws grpc-failed when no answer comes in time */
export function callGrpc({ socket, method, message, timeoutSeconds }: GrpcRequest): Promise<GrpcResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<GrpcResponse>();
  const session = connectHttp2("http://localhost", { createConnection: () => connectSocket(socket) });
  const fail = (cause: unknown) =>
    reject(
      new SatelliteError("grpc-failed", `${method} on ${socket} was not answered`, { cause: reasonOf(cause, socket) }),
    );
  session.on("error", fail);

  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: method,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const chunks: Buffer[] = [];
  let headers: Record<string, unknown> = {};
  stream.on("error", fail);
  stream.on("response", (received) => (headers = { ...received }));
  stream.on("trailers", (received) => (headers = { ...headers, ...received }));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("close", () => {
    const status = headers["grpc-status"];
    const isInterrupted = status === undefined && (headers[constants.HTTP2_HEADER_STATUS] ?? 200) === 200;
    if (isInterrupted) return fail(new Error(`the call was interrupted (HTTP/2 code ${stream.rstCode})`));
    resolve({
      status: Number(status ?? UNKNOWN),
      statusMessage: decodeMessage(String(headers["grpc-message"] ?? "")),
      message: Buffer.concat(chunks).subarray(PREFIX_BYTES),
    });
  });
  stream.setTimeout(timeoutSeconds * 1000, () => fail(new Error(`no answer in ${timeoutSeconds} s`)));
  stream.end(withPrefix(message));

  return promise.finally(() => session.destroy());
}

/** Node says of a call without a connection that it was canceled, and why in the cause; both name the socket again. */
function reasonOf(error: unknown, socket: string): Error {
  const { message, code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  return Object.assign(new Error(message.replace(` ${socket}`, "")), { code });
}

/** grpc-message is percent-encoded; a text that is not stays as it is. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withPrefix(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
