// Streams a large file from the network to the disk, and continues where an earlier attempt was interrupted.
import { createReadStream } from "node:fs";
import { type FileHandle, open as openFile, statfs } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { hasCode, SatelliteError } from "../errors.ts";
import { unwritable } from "./atomic-write.ts";
import type { DownloadRequest, DownloadResult } from "./host.ts";
import { openHttp } from "./http.ts";

const PARTIAL = 206;
const RANGE_NOT_SATISFIABLE = 416;
/** Mirrors often redirect to another store. */
const MAX_REDIRECTS = 5;
const DEADLINE_SECONDS = 3600;
const MAX_BYTES = 2 ** 30;
/** What runs on the machine needs some room; kubelet evicts pods where a disk is nearly full. */
const MIN_FREE_BYTES = 256 * 2 ** 20;
const ROOM_CHECK_BYTES = 16 * 2 ** 20;

/** Appends to the part that is there when the server supports that, and starts over when not. @throws http-failed, disk-full, file-unwritable */
export async function download(given: DownloadRequest): Promise<DownloadResult> {
  const { deadlineSeconds = DEADLINE_SECONDS, signal } = given;
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000);
  const request = { ...given, signal: AbortSignal.any([deadline, ...(signal === undefined ? [] : [signal])]) };
  return transfer(request).catch((cause: unknown) => {
    if (!deadline.aborted) throw cause;
    throw new SatelliteError("http-failed", `${given.url} was not complete after ${deadlineSeconds} s`, {
      cause: late(),
    });
  });
}

function late(): Error {
  return Object.assign(new Error("it comes too slowly"), { code: "ETIMEDOUT" });
}

async function transfer(request: DownloadRequest): Promise<DownloadResult> {
  const file = await openFile(request.path, "a", 0o600).catch((cause: unknown) => {
    throw unwritable(request.path, cause);
  });
  try {
    const { size } = await file.stat();
    const source = await openSource(request, size);
    if (source.body === undefined) return { status: source.status, bytes: size };
    if (!source.isContinued && size > 0) await file.truncate(0);
    const startBytes = source.isContinued ? size : 0;
    const totalBytes = source.restBytes === undefined ? undefined : startBytes + source.restBytes;
    const bytes = await copy(source.body, file, { ...request, startBytes, totalBytes });
    await file.sync();
    return { status: 200, bytes };
  } catch (error) {
    // Its beginning would be continued.
    if (hasCode(error, "download-too-large")) await file.truncate(0);
    throw error;
  } finally {
    await file.close();
  }
}

interface Source {
  readonly status: number;
  /** Undefined when the server sends no content. */
  readonly body?: Readable;
  /** Size of the rest, where the server gives it. */
  readonly restBytes?: number | undefined;
  readonly isContinued: boolean;
}

async function openSource(
  { url, silenceSeconds, signal = new AbortController().signal }: DownloadRequest,
  sizeBytes: number,
): Promise<Source> {
  if (url.startsWith("file:"))
    return { status: 200, body: createReadStream(fileURLToPath(url), { signal }), isContinued: false };
  const headers = sizeBytes > 0 ? { range: `bytes=${sizeBytes}-` } : {};
  const response = await openHttp(
    { url, headers, timeoutSeconds: silenceSeconds, maxRedirects: MAX_REDIRECTS },
    signal,
  );
  const { statusCode: status = 0 } = response;
  response.setTimeout(silenceSeconds * 1000, () =>
    response.destroy(Object.assign(new Error(`silent for ${silenceSeconds} s`), { code: "ETIMEDOUT" })),
  );
  if (status === 200 || status === PARTIAL)
    return { status, body: response, restBytes: lengthOf(response), isContinued: status === PARTIAL };
  response.destroy();
  // The file is complete already: its checksum decides.
  return { status: status === RANGE_NOT_SATISFIABLE ? 200 : status, isContinued: true };
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const { "content-length": length } = headers;
  return length === undefined ? undefined : Number(length);
}

interface Extent {
  readonly startBytes: number;
  readonly totalBytes: number | undefined;
}

async function copy(
  body: Readable,
  file: FileHandle,
  { url, path, startBytes, totalBytes, onProgress, maxBytes = MAX_BYTES }: DownloadRequest & Extent,
): Promise<number> {
  let bytes = startBytes;
  let checkedBytes = Number.NEGATIVE_INFINITY;
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await chunks.next().catch((cause: unknown) => {
      throw new SatelliteError("http-failed", `${url} broke off after ${bytes} bytes`, { cause });
    });
    if (done === true) return bytes;
    const grown = bytes + (value as Uint8Array).length;
    try {
      checkSize(url, Math.max(grown, totalBytes ?? 0), maxBytes);
      if (grown - checkedBytes >= ROOM_CHECK_BYTES) {
        await checkRoom(path);
        checkedBytes = grown;
      }
    } catch (error) {
      body.destroy();
      throw error;
    }
    await file.appendFile(value as Uint8Array).catch((cause: unknown) => {
      body.destroy();
      throw unwritable(path, cause);
    });
    bytes = grown;
    onProgress?.(bytes, totalBytes);
  }
}

function checkSize(url: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  const mebibytes = Math.floor(maxBytes / 2 ** 20);
  throw new SatelliteError("download-too-large", `${url} is larger than ${mebibytes} MiB`, {
    hint: "It is not what it should be: see what the address serves.",
  });
}

async function checkRoom(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize >= MIN_FREE_BYTES) return;
  const full = Object.assign(new Error(`less than ${MIN_FREE_BYTES / 2 ** 20} MiB are free`), { code: "ENOSPC" });
  throw unwritable(path, full);
}
