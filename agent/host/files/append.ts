// Appends to a file line by line, so that a crash in the midst of a line costs that line and no other.
import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Files that grow. */
export interface GrowingFiles {
  /**
   * Appends whole lines, each with its line end, to a file that is made 0600 when there is none, and returns its size then. Lines begin
   * anew after one that a crash has cut. They are on the disk when it resolves, and none is when it rejects. @throws disk-full, file-unwritable
   */
  appendLines(path: string, lines: string): Promise<number>;
}

/** As {@link GrowingFiles.appendLines} says; throws what the system does. */
export async function appendLines(path: string, lines: string): Promise<number> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags, 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const text = size > 0 && last.toString() !== "\n" ? `\n${lines}` : lines;
    await writeWhole(handle, text, size);
    return size + Buffer.byteLength(text);
  } finally {
    await handle.close();
  }
}

/** What a full disk took of the lines is cut off again: they are written once more later. */
async function writeWhole(handle: FileHandle, text: string, sizeBefore: number): Promise<void> {
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } catch (error) {
    await handle.truncate(sizeBefore).catch(() => undefined); // The cause says more.
    throw error;
  }
}
