// A writer of tar archives in memory (POSIX ustar), for container images of a few files.

/** One entry: a file with content, or a symbolic link. Paths are at most 100 bytes. */
export interface TarEntry {
  readonly path: string;
  readonly content?: Buffer;
  readonly linkTo?: string;
  /** Permission bits, 0644 when left out. */
  readonly mode?: number;
}

const blockBytes = 512;

/** The archive of the entries, owned by root, dated 1970: the same entries give the same bytes. */
export function renderTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.content ?? Buffer.alloc(0);
    return [header(entry, content.length), content, Buffer.alloc(-content.length & (blockBytes - 1))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header(entry: TarEntry, bytes: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new RangeError(`tar path is longer than 100 bytes: ${entry.path}`);
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at);
  block.write(entry.path, 0);
  octal(entry.mode ?? 0o644, 100, 8);
  octal(0, 108, 8); // owner
  octal(0, 116, 8); // group
  octal(bytes, 124, 12);
  octal(0, 136, 12); // time
  block.write(entry.linkTo === undefined ? "0" : "2", 156);
  block.write(entry.linkTo ?? "", 157);
  block.write("ustar\x0000", 257);
  block.fill(" ", 148, 156); // the checksum counts its own field as spaces
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
