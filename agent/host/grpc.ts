// One unary gRPC call over a unix socket on node:http2. The agent makes a single kind of call, with an empty request,
// a few times a minute; @grpc/grpc-js and its code generator would cost more memory than the rest of the agent's own code.
import { connect as connectHttp2, constants } from "node:http2";
import { connect as connectSocket } from "node:net";
import type { Readable } from "node:stream";
import { SatelliteError } from "../errors.ts";

/** One unary gRPC call over a unix socket. */
export interface GrpcRequest {
  readonly socket: string;
  /** `/package.Service/Method`. */
  readonly method: string;
  /** The request message in protobuf's wire format. */
  readonly message: Uint8Array;
  readonly timeoutSeconds: number;
}

/** The status follows google.rpc.Code; the message is empty unless the status is 0. */
export interface GrpcResponse {
  readonly status: number;
  readonly statusMessage: string;
  readonly message: Uint8Array;
}

/** gRPC's length prefix: one byte of flags, four of length (PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5;
const UNKNOWN = 2;
/** What kubelet takes of a runtime (pkg/kubelet/cri/remote/utils.go). */
const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

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
  const read = collect(stream, fail);
  let headers: Record<string, unknown> = {};
  stream.on("error", fail);
  stream.on("response", (received) => (headers = { ...received }));
  stream.on("trailers", (received) => (headers = { ...headers, ...received }));
  stream.on("close", () => {
    const status = headers["grpc-status"];
    const isInterrupted = status === undefined && (headers[constants.HTTP2_HEADER_STATUS] ?? 200) === 200;
    if (isInterrupted) return fail(new Error(`the call was interrupted (HTTP/2 code ${stream.rstCode})`));
    resolve({
      status: Number(status ?? UNKNOWN),
      statusMessage: decodeMessage(String(headers["grpc-message"] ?? "")),
      message: read().subarray(PREFIX_BYTES),
    });
  });
  // Of the whole call: an answer that comes byte by byte is none.
  const late = setTimeout(() => fail(new Error(`no answer in ${timeoutSeconds} s`)), timeoutSeconds * 1000);
  stream.end(withPrefix(message));

  return promise.finally(() => {
    clearTimeout(late);
    session.destroy();
  });
}

/** Node says of a call without a connection that it was canceled, and why in the cause; both name the socket again. */
function reasonOf(error: unknown, socket: string): Error {
  const { message, code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  return Object.assign(new Error(message.replace(` ${socket}`, "")), { code });
}

/** Returns a reader of what has come. */
function collect(stream: Readable, fail: (cause: unknown) => void): () => Buffer {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_MESSAGE_BYTES) fail(new Error(`the answer is longer than ${MAX_MESSAGE_BYTES} bytes`));
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks);
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
