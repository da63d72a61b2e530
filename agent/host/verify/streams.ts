// What passes through the API server to kubelet: a command in a pod, and a connection to one of its ports. Bounded in size; the caller bounds the time.
import { PassThrough, Writable } from "node:stream";
import { Exec, type KubeConfig, PortForward, type V1Status } from "@kubernetes/client-node";

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** What a command in a pod has said and how it ended. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined: it ended well. */
  readonly failure?: string;
}

const MAX_BYTES = 64 * 1024;

/** What of a WebSocket matters here: the client's own type for it comes without types. */
interface Socket {
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  terminate(): void;
}

/** Runs a command in the pod's container. @throws what the client does */
export async function execInPod(
  config: KubeConfig,
  { namespace, name }: PodName,
  { container, command, signal }: { container: string; command: readonly string[]; signal: AbortSignal },
): Promise<ExecResult> {
  const [stdout, stderr] = [new Collector(), new Collector()];
  const { promise, resolve, reject } = Promise.withResolvers<V1Status>();
  const socket: Socket = await new Exec(config).exec(
    namespace,
    name,
    container,
    [...command],
    stdout,
    stderr,
    null,
    false,
    resolve,
  );
  // Without the status the way has broken: the API server, or something before it, ended the connection.
  socket.onclose = ({ code, reason }) => reject(new Error(`the connection was closed (${code}) ${reason}`.trim()));
  const stop = () => socket.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const { status, message = "it failed" } = await promise;
    return { stdout: stdout.text, stderr: stderr.text, ...(status === "Success" ? {} : { failure: message }) };
  } finally {
    signal.removeEventListener("abort", stop);
    socket.terminate();
  }
}

/** Sends a request to a port of the pod, and returns what comes back until `isWhole`. @throws what the client does, or what the pod's side says */
export async function askPort(
  config: KubeConfig,
  { namespace, name }: PodName,
  {
    port,
    request,
    isWhole,
    signal,
  }: { port: number; request: string; isWhole: (answer: string) => boolean; signal: AbortSignal },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const answer = new Collector((text) => isWhole(text) && resolve(text));
  const problems = new Collector((text) => reject(new Error(text.trim())));
  const input = new PassThrough();
  const socket: Socket = await new PortForward(config).portForward(namespace, name, [port], answer, problems, input);
  socket.onclose = ({ code, reason }) => reject(new Error(`the connection was closed (${code}) ${reason}`.trim()));
  const stop = () => socket.terminate();
  signal.addEventListener("abort", stop, { once: true });
  input.write(request);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", stop);
    socket.terminate();
  }
}

/** Keeps the beginning of what is written. */
class Collector extends Writable {
  text = "";
  readonly #onText: ((text: string) => unknown) | undefined;

  constructor(onText?: (text: string) => unknown) {
    super();
    this.#onText = onText;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8").slice(0, MAX_BYTES - this.text.length);
    if (this.text !== "") this.#onText?.(this.text);
    done();
  }
}
