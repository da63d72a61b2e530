// The only way to touch the machine. The real one is linux-host.ts; tests bring one that lives in memory.
import type { Readable } from "node:stream";
import type { NameServerQuestion } from "./dns.ts";
import type { GrowingFiles } from "./files/append.ts";
import type { FileSystemSpace } from "./files/space.ts";
import type { GrpcRequest, GrpcResponse } from "./grpc.ts";
import type { ChangeKnock, PulseRole } from "./reach/knock-answer.ts";

/** What the agent needs to know about a file's inode. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "other";
  /** Permission bits only, e.g. 0o600. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface WriteOptions {
  /** Permission bits, enforced whatever the umask. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A lock that this process holds, at the latest until its end. */
export interface FileLock {
  release(): Promise<void>;
}

/** Files and folders, by absolute path. */
export interface Files extends GrowingFiles {
  /** The whole text, or undefined when there is no such file. @throws file-unreadable */
  read(path: string): Promise<string | undefined>;
  /**
   * Status and text of one and the same file, opened once; undefined when there is none. It waits for no writer of a pipe; what is no
   * file has no text. @throws file-unreadable, also when it has more than `maxBytes`
   */
  readWithStatus(
    path: string,
    maxBytes: number,
  ): Promise<{ readonly status: FileStatus; readonly text: string } | undefined>;
  /** Follows symbolic links; undefined when nothing is there. @throws file-unreadable */
  status(path: string): Promise<FileStatus | undefined>;
  /** Replaces the file as a whole: temporary file, fsync, rename, fsync of the folder; missing folders are made 0755. @throws disk-full, file-unwritable */
  write(path: string, content: string, options: WriteOptions): Promise<void>;
  /** Writes in place, for /proc and /sys, where files cannot be replaced. @throws file-unwritable */
  writeInPlace(path: string, content: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Removes a file; a missing one is no error. */
  remove(path: string): Promise<void>;
  /** Moves a file within one file system. */
  move(from: string, to: string): Promise<void>;
  makeFolder(path: string, mode: number): Promise<void>;
  /** Makes a folder of mode 0700 with a name that no process can foresee, and returns its path: the only way to make a place for drafts. @throws file-unwritable */
  makeTemporaryFolder(parent: string): Promise<string>;
  /** Copies a file, its mode included, to a name that is not taken, not even by a link. @throws file-exists, disk-full, file-unwritable */
  copyToNew(from: string, to: string): Promise<void>;
  /** Names in a folder, sorted; none when it does not exist. */
  list(path: string): Promise<readonly string[]>;
  /** Where a symbolic link points, or undefined when it is not one. */
  readLink(path: string): Promise<string | undefined>;
  /** The path with every symbolic link in it resolved; what does not exist yet stays as it is named. @throws file-unreadable */
  realPath(path: string): Promise<string>;
  /** SHA-256 of a file's bytes, in lower-case hex, whatever its size; undefined when there is no such file. @throws file-unreadable */
  digest(path: string): Promise<string | undefined>;
  /** Makes a symbolic link; a file or link that is there is replaced atomically. @throws disk-full, file-unwritable */
  link(path: string, target: string): Promise<void>;
  /** Removes a file, or a folder with everything in it, if there is one. Links are not followed. Where anything is mounted nothing is removed. @throws mounted-below, file-unwritable */
  removeTree(path: string): Promise<void>;
  /** Removes a folder that is empty, and says whether it did. A mount point, or a folder that holds anything, stays. @throws file-unwritable */
  removeEmptyFolder(path: string): Promise<boolean>;
  /**
   * Locks a file exclusively (flock(2)), makes it 0600 when there is none, and writes the content into it when one is given; undefined
   * while another process holds the lock. No other user can take it. @throws file-unwritable, also where flock(1) is missing
   */
  lock(path: string, content?: string): Promise<FileLock | undefined>;
  /** Room on the file system that holds a path, or undefined when nothing is there. */
  space(path: string): Promise<FileSystemSpace | undefined>;
}

export interface RunOptions {
  /** After this the command is killed with what it has started, and `run` throws command-timeout. Default 30 s. */
  readonly timeoutSeconds?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly input?: string;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** SIGQUIT makes a Go program write what each goroutine does, and end. SIGCONT continues a stopped one. */
export type Signal = "SIGTERM" | "SIGKILL" | "SIGQUIT" | "SIGCONT";

/** How a child process ended. */
export interface ChildExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** A long-running child process. */
export interface Child {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ChildExit>;
  kill(signal: Signal): void;
}

export interface HttpRequest {
  readonly url: string;
  /** Default GET. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Trusts only this certificate authority (PEM). */
  readonly caPem?: string;
  readonly timeoutSeconds: number;
  /** Connects to this address by a connection of its own, without a proxy; name and certificate remain those of the URL. */
  readonly connectTo?: string;
  /** A longer answer is an error. Default 4 MiB. */
  readonly maxBytes?: number;
  /** How often the server may send the request elsewhere; by default a redirect is an answer. */
  readonly maxRedirects?: number;
}

/** A GET whose answer is a stream of lines without end. */
export interface LineStreamRequest extends HttpRequest {
  /** Receives each line of the body. */
  readonly onLine: (line: string) => void;
  /** A connection that is silent for this long is taken for dead. */
  readonly silenceSeconds: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  /** The server's clock when it answered (the Date header, whole seconds), milliseconds since the epoch. */
  readonly serverTimeMs?: number | undefined;
  /** The header Retry-After as it came: seconds, or a date. */
  readonly retryAfter?: string | undefined;
}

/** A large file to the disk. */
export interface DownloadRequest {
  /** https, http or file. */
  readonly url: string;
  /** A file that is there is the beginning of the download, from an earlier attempt. */
  readonly path: string;
  /** A connection that is silent for this long is taken for dead. */
  readonly silenceSeconds: number;
  /** All of it takes at most this long, however steadily it comes; the next attempt continues. Default an hour. */
  readonly deadlineSeconds?: number;
  /** A longer file is an error, and what came of it is removed. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Bytes so far, and of the whole file where the server gives its size. */
  readonly onProgress?: (bytes: number, totalBytes: number | undefined) => void;
  /** Ends the download; the part so far stays for the next attempt. */
  readonly signal?: AbortSignal;
}

export interface DownloadResult {
  /** The server's answer; with any other than 200 nothing was written. */
  readonly status: number;
  /** Size of the file now. */
  readonly bytes: number;
}

/** Two clocks: the time of day can be set, and no wait may depend on it. */
export interface Clock {
  /** The time of day, milliseconds since the epoch: for what AWS, certificates and people see. NTP and users set it. */
  now(): number;
  /** Milliseconds since some beginning: for waits, deadlines and periods. Nothing sets it; it stands still while the machine sleeps. */
  monotonic(): number;
  /** Resolves after this long by the monotonic clock, or rejects at once when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface NetworkAddress {
  readonly interface: string;
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
}

/** What the kernel and the distribution report about this machine. */
export interface SystemInformation {
  readonly hostname: string;
  /** Node.js's name of it: `x64` or `arm64`. */
  readonly architecture: string;
  readonly kernel: string;
  /** PRETTY_NAME of os-release(5), e.g. `Ubuntu 22.04.5 LTS`; `Linux` when there is none, as that page says. */
  readonly operatingSystem: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly addresses: readonly NetworkAddress[];
}

/** The machine. */
export interface Host {
  readonly files: Files;
  readonly clock: Clock;
  readonly hostname: string;
  /** Effective user id; 0 is root. */
  readonly userId: number;
  /** This process's id. */
  readonly processId: number;
  /** A number in [0, 1), for jitter. */
  random(): number;
  /**
   * Runs a command to its end; a non-zero exit is a result, not an error. What it leaves running is not waited for.
   * @throws command-missing, command-not-started, command-timeout, command-output-too-large
   */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a command with exactly this environment; what it has started is ended with it. @throws command-missing, command-not-started */
  spawn(command: string, args: readonly string[], environment: Readonly<Record<string, string>>): Child;
  /** Sends a signal to any process; false when there is no such process. */
  kill(pid: number, signal: Signal): boolean;
  /** One request, a GET unless it says otherwise. @throws http-failed when there is no answer */
  fetch(request: HttpRequest): Promise<HttpResponse>;
  /** Opens a TCP connection and closes it at once, without a proxy. `silent`: nothing comes in time, or no way leads there. */
  reach(address: string, port: number, timeoutSeconds: number): Promise<"ok" | "refused" | "silent">;
  /** Sends some bytes, eight by default, by UDP to a port of IPv4 that sends them back. */
  knock(address: string, port: number, timeoutSeconds: number, bytes?: number): Promise<"ok" | "refused" | "silent">;
  /** A knock that comes back with the gateway's role, where it says one. */
  pulse(address: string, port: number, timeoutSeconds: number): Promise<PulseRole | "refused" | "silent">;
  /** A knock that comes back with a digest of what the gateway's health says to this machine; without one from a gateway that knows of none. */
  knockForChange(address: string, port: number, timeoutSeconds: number): Promise<ChangeKnock>;
  /** Downloads a file; an interrupted download continues the next time; 256 MiB stay free. @throws http-failed, download-too-large, disk-full, file-unwritable */
  download(request: DownloadRequest): Promise<DownloadResult>;
  /** Addresses of a name, through the machine's own resolver. @throws dns-failed */
  resolve(hostname: string): Promise<readonly string[]>;
  /** IPv4 addresses of a name, as one name server gives them. @throws dns-failed */
  askNameServer(question: NameServerQuestion): Promise<readonly string[]>;
  /** Follows a stream until the server ends it or the signal aborts; any other end throws. The body is empty when the status is 200. @throws http-failed */
  follow(request: LineStreamRequest): Promise<HttpResponse>;
  /** @throws grpc-failed when there is no answer */
  grpc(request: GrpcRequest): Promise<GrpcResponse>;
  systemInformation(): Promise<SystemInformation>;
}
