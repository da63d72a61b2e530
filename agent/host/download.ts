// A large file from the network to the disk, without its passing through memory: where an earlier try broke off it goes on.
import { createReadStream } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { SatelliteError } from "../errors.ts";
import { unwritable } from "./atomic-write.ts";
import type { DownloadRequest, DownloadResult } from "./host.ts";
import { openHttp } from "./http.ts";

const PARTIAL = 206;
const RANGE_NOT_SATISFIABLE = 416;

/** Appends to what is there when the server can go on from it, and begins anew when not. @throws http-failed, disk-full, file-unwritable */
export async function download(request: DownloadRequest): Promise<DownloadResult> {
  const file = await openFile(request.path, "a", 0o600).catch((cause: unknown) => {
    throw unwritable(request.path, cause);
  });
  try {
    const { size } = await file.stat();
    const source = await openSource(request, size);
    if (source.body === undefined) return { status: source.status, bytes: size };
    if (!source.isContinued) await file.truncate(0);
    const bytes = await copy(source.body, file, { ...request, startBytes: source.isContinued ? size : 0 });
    await file.sync();
    return { status: 200, bytes };
  } finally {
    await file.close();
  }
}

interface Source {
  readonly status: number;
  /** Undefined when the server has nothing to give. */
  readonly body?: Readable;
  readonly isContinued: boolean;
}

async function openSource({ url, silenceSeconds }: DownloadRequest, sizeBytes: number): Promise<Source> {
  if (url.startsWith("file:")) return { status: 200, body: createReadStream(fileURLToPath(url)), isContinued: false };
  const headers = sizeBytes > 0 ? { range: `bytes=${sizeBytes}-` } : {};
  const response = await openHttp({ url, headers, timeoutSeconds: silenceSeconds });
  const { statusCode: status = 0 } = response;
  response.setTimeout(silenceSeconds * 1000, () =>
    response.destroy(Object.assign(new Error(`silent for ${silenceSeconds} s`), { code: "ETIMEDOUT" })),
  );
  if (status === 200 || status === PARTIAL) return { status, body: response, isContinued: status === PARTIAL };
  response.destroy();
  // All of it is there already: the checksum decides.
  return { status: status === RANGE_NOT_SATISFIABLE ? 200 : status, isContinued: true };
}

async function copy(
  body: Readable,
  file: FileHandle,
  { url, path, startBytes, onProgress }: DownloadRequest & { readonly startBytes: number },
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
    onProgress?.(bytes);
  }
}
