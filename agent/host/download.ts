// Streams a large file from the network to the disk, and continues where an earlier attempt was interrupted.
import { createReadStream } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { SatelliteError } from "../errors.ts";
import { unwritable } from "./atomic-write.ts";
import type { DownloadRequest, DownloadResult } from "./host.ts";
import { openHttp } from "./http.ts";

const PARTIAL = 206;
const RANGE_NOT_SATISFIABLE = 416;
/** Mirrors often redirect to another store. */
const MAX_REDIRECTS = 5;

/** Appends to the part that is there when the server supports that, and starts over when not. @throws http-failed, disk-full, file-unwritable */
export async function download(request: DownloadRequest): Promise<DownloadResult> {
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
  { url, path, startBytes, totalBytes, onProgress }: DownloadRequest & Extent,
): Promise<number> {
  let bytes = startBytes;
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await chunks.next().catch((cause: unknown) => {
      throw new SatelliteError("http-failed", `${url} broke off after ${bytes} bytes`, { cause });
    });
    if (done === true) return bytes;
    await file.appendFile(value as Uint8Array).catch((cause: unknown) => {
      body.destroy();
      throw unwritable(path, cause);
    });
    bytes += (value as Uint8Array).length;
    onProgress?.(bytes, totalBytes);
  }
}
